// Package volumes makes volumes on the disk of the node on which the first pod that wants one was scheduled, and removes
// them with their claims. Such a volume stays on its node: pods that use it are scheduled there.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"mesh.local/airgap/cmd/nodeagent/loop"
)

// agent makes the volumes of one node.
type agent struct {
	client kubernetes.Interface
	// node is the name of this node.
	node string
	// folder holds the volumes, one folder each.
	folder string
}

// Run serves the claims of the node until ctx is done.
func Run(ctx context.Context, client kubernetes.Interface, node string) {
	source := func(resource string) cache.ListerWatcher {
		return cache.NewListWatchFromClient(client.CoreV1().RESTClient(), resource, corev1.NamespaceAll, fields.Everything())
	}
	claims := cache.NewSharedInformer(source("persistentvolumeclaims"), &corev1.PersistentVolumeClaim{}, 0)
	volumes := cache.NewSharedInformer(source("persistentvolumes"), &corev1.PersistentVolume{}, 0)
	own := agent{client: client, node: node, folder: "/var/lib/node-volumes"}
	loop.Run(ctx, func(ctx context.Context) error {
		var problems []error
		for _, item := range claims.GetStore().List() {
			if claim, ok := item.(*corev1.PersistentVolumeClaim); ok && waitsFor(claim, node) {
				problems = append(problems, own.provision(ctx, claim))
			}
		}
		for _, item := range volumes.GetStore().List() {
			if volume, ok := item.(*corev1.PersistentVolume); ok && released(volume, node) {
				problems = append(problems, own.remove(ctx, volume))
			}
		}
		return errors.Join(problems...)
	}, claims, volumes)
}

// provision makes the folder first: a volume that is announced can be mounted at once. Both steps may be done already.
func (a agent) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	class, err := a.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("the storage class of %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	volume := volumeFor(claim, class, a.node, a.folder)
	path := volume.Spec.Local.Path
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	// Whoever the pod runs as may write: the folder is reached through the volume alone.
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	_, err = a.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("volume %s for %s/%s: %w", volume.Name, claim.Namespace, claim.Name, err)
	}
	return nil
}

// remove deletes the data before the volume: as long as the volume is there, another call tries again.
func (a agent) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := os.RemoveAll(filepath.Join(a.folder, volume.Name)); err != nil {
		return err
	}
	err := a.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("volume %s: %w", volume.Name, err)
	}
	return nil
}
