package volumes

import (
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// provisioner is the name under which storage classes ask for volumes of this package.
const provisioner = "mesh.local/node-volumes"

// Annotations by which Kubernetes and provisioners tell each other what is to be done.
const (
	provisionerOfClaim = "volume.kubernetes.io/storage-provisioner"
	nodeOfClaim        = "volume.kubernetes.io/selected-node"
	provisionedBy      = "pv.kubernetes.io/provisioned-by"
)

// waitsFor tells whether a claim waits for a volume on this node. Raw disks are nothing that can be made of a folder.
func waitsFor(claim *corev1.PersistentVolumeClaim, node string) bool {
	return claim.Annotations[provisionerOfClaim] == provisioner &&
		claim.Annotations[nodeOfClaim] == node &&
		claim.DeletionTimestamp == nil &&
		claim.Spec.VolumeName == "" &&
		claim.Spec.StorageClassName != nil &&
		(claim.Spec.VolumeMode == nil || *claim.Spec.VolumeMode == corev1.PersistentVolumeFilesystem)
}

// released tells whether a volume is one of this node's whose claim is gone and whose data shall go with it.
func released(volume *corev1.PersistentVolume, node string) bool {
	return volume.Annotations[provisionedBy] == provisioner &&
		volume.Labels[corev1.LabelHostname] == node &&
		volume.DeletionTimestamp == nil &&
		volume.Status.Phase == corev1.VolumeReleased &&
		volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
}

// volumeFor is the volume that a claim gets on a node. Its name comes from the claim's identity, so that a second attempt
// makes no second volume.
func volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, node, folder string) *corev1.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	policy := corev1.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	onNode := corev1.NodeSelectorRequirement{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      map[string]string{corev1.LabelHostname: node},
			Annotations: map[string]string{provisionedBy: provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: filepath.Join(folder, name)}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{onNode}}},
			}},
		},
	}
}
