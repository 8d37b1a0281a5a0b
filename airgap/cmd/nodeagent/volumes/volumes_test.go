package volumes

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func claim() *corev1.PersistentVolumeClaim {
	class := "standard"
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: "data", Namespace: "prod", UID: "1234",
			Annotations: map[string]string{provisionerOfClaim: provisioner, nodeOfClaim: "worker"},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}
}

func TestWaitsForThisNodeAndThisProvisionerOnly(t *testing.T) {
	if !waitsFor(claim(), "worker") {
		t.Error("a claim on this node must be served")
	}
	bound, raw, other := claim(), claim(), claim()
	bound.Spec.VolumeName = "pvc-1234"
	block := corev1.PersistentVolumeBlock
	raw.Spec.VolumeMode = &block
	other.Annotations[provisionerOfClaim] = "somebody/else"
	for name, refused := range map[string]*corev1.PersistentVolumeClaim{"bound": bound, "raw": raw, "other": other} {
		if waitsFor(refused, "worker") {
			t.Errorf("%s: must be left alone", name)
		}
	}
	if waitsFor(claim(), "worker2") {
		t.Error("another node's claim must be left alone")
	}
}

func TestProvisionThenRemove(t *testing.T) {
	ctx := context.Background()
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "standard"}}
	own := agent{client: fake.NewSimpleClientset(class), node: "worker", folder: t.TempDir()}
	for range 2 { // the second time everything is there
		if err := own.provision(ctx, claim()); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(own.folder, "pvc-1234")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o777 {
		t.Fatalf("folder of the volume: %v, %v", info, err)
	}
	volume, err := own.client.CoreV1().PersistentVolumes().Get(ctx, "pvc-1234", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if released(volume, "worker") {
		t.Error("a volume that was never bound must stay")
	}
	volume.Status.Phase = corev1.VolumeReleased
	if !released(volume, "worker") || released(volume, "worker2") {
		t.Error("a released volume is for its own node to remove")
	}
	if err := own.remove(ctx, volume); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("data is still there: %v", err)
	}
	if left, _ := own.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{}); len(left.Items) != 0 {
		t.Errorf("volumes left: %v", left.Items)
	}
}
