package kubernetes_test

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	statefulSetToken = "kubernetes:apps/v1:StatefulSet"
	claimToken       = "kubernetes:core/v1:PersistentVolumeClaim"
)

func statefulSet(namespace, storage string) object {
	labels := object{"app": "db"}
	return object{
		"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": object{"namespace": namespace, "name": "db"},
		"spec": object{
			"replicas": 1, "serviceName": "db", "selector": object{"matchLabels": labels},
			"template": object{"metadata": object{"labels": labels}, "spec": object{"containers": []any{object{
				"name": "db", "image": "db:1", "volumeMounts": []any{object{"name": "data", "mountPath": "/data"}},
			}}}},
			"volumeClaimTemplates": []any{object{"metadata": object{"name": "data"}, "spec": object{
				"accessModes": []any{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": storage}},
			}}},
		},
	}
}

func claim(namespace, storage string) object {
	return object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"namespace": namespace, "name": "data-db-0"},
		"spec": object{"accessModes": []any{"ReadWriteOnce"}, "storageClassName": "fixed", "resources": object{"requests": object{"storage": storage}}},
	}
}

func uid(t *testing.T, res *res) types.UID {
	t.Helper()
	return types.UID(at(t, res.outputs, "metadata.uid").StringValue())
}

// The engine deleted a database to replace it and was stopped; with the settings put back it makes one again, and then asks for the deletion of
// the first one, of which it knows the name.
func TestADeletionThatIsLateKeepsTheSuccessor(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	first := connect(t).resource(statefulSetToken, "db").mustCreate(statefulSet(ns, "1Gi"))
	must(t, first.delete())
	again := connect(t)
	second := again.resource(statefulSetToken, "db").mustCreate(statefulSet(ns, "1Gi"))
	first.session = again
	must(t, first.delete())
	// Another run that finds the old object still to be deleted, and has not made the new one.
	later := connect(t)
	first.session = later
	must(t, first.delete())
	live, err := server.Typed.AppsV1().StatefulSets(ns).Get(t.Context(), "db", metav1.GetOptions{})
	must(t, err)
	if live.UID != uid(t, second) || live.DeletionTimestamp != nil {
		t.Errorf("%v is not the second one any more, or goes: %v", live.UID, live.DeletionTimestamp)
	}
	contains(t, later.log.all(), "StatefulSet "+ns+"/db is kept", string(uid(t, first)))
	second.session = later
	must(t, second.delete())
	if _, err := server.Typed.AppsV1().StatefulSets(ns).Get(t.Context(), "db", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("what the state knows was not deleted: %v", err)
	}
}

// States that an interrupted run left know no UID.
func TestADeletionWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	made := session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1"}))
	stale := session.resource(configMapToken, "c")
	stale.id, stale.inputs = made.id, made.inputs
	stale.outputs = stale.inputs
	must(t, stale.delete())
	_, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "c", metav1.GetOptions{})
	must(t, err)
	// In a run that did not make the object there is nothing else to go by than its name.
	stale.session = connect(t)
	must(t, stale.delete())
	if _, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "c", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("not deleted: %v", err)
	}
}

// A replacement that is made first, as `pulumi up --target-replace` asks for, takes over the object of its name: that is no longer the old one.
func TestADeletionKeepsWhatTheReplacementTookOver(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	old := connect(t).resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "1"}))
	session := connect(t)
	session.resource(configMapToken, "c").mustCreate(configMap(ns, "c", object{"a": "2"}))
	old.session = session
	must(t, old.delete())
	live, err := server.Typed.CoreV1().ConfigMaps(ns).Get(t.Context(), "c", metav1.GetOptions{})
	must(t, err)
	if live.Data["a"] != "2" {
		t.Errorf("%v", live.Data)
	}
}

func TestWhatHoldsDataIsNotReplaced(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	set := session.resource(statefulSetToken, "db").mustCreate(statefulSet(ns, "1Gi"))
	err := set.tryDiff(properties(statefulSet(ns, "3Gi")))
	fails(t, err, "StatefulSet "+ns+"/db is kept", "spec.volumeClaimTemplates[0].spec.resources.requests.storage (1Gi to 3Gi)",
		"kubectl delete statefulset db --namespace "+ns+" --cascade=orphan")
	must(t, set.tryDiff(properties(statefulSet(ns, "3Gi")), "spec.volumeClaimTemplates"))
	// Once it is orphaned as the message says, nothing is lost, and a successor takes its pods over.
	orphan := metav1.DeletePropagationOrphan
	must(t, server.Typed.AppsV1().StatefulSets(ns).Delete(t.Context(), "db", metav1.DeleteOptions{PropagationPolicy: &orphan}))
	for _, err := server.Typed.AppsV1().StatefulSets(ns).Get(t.Context(), "db", metav1.GetOptions{}); !apierrors.IsNotFound(err); {
		must(t, err)
		_, err = server.Typed.AppsV1().StatefulSets(ns).Get(t.Context(), "db", metav1.GetOptions{})
	}
	must(t, set.tryDiff(properties(statefulSet(ns, "3Gi"))))
}

func TestAClaimGrowsInPlaceOrNotAtAll(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	late := storagev1.VolumeBindingWaitForFirstConsumer
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fixed"}, Provisioner: "test", VolumeBindingMode: &late}
	_, err := server.Typed.StorageV1().StorageClasses().Create(t.Context(), class, metav1.CreateOptions{})
	must(t, err)
	volume := session.resource(claimToken, "data").mustCreate(claim(ns, "1Gi"))
	claims := server.Typed.CoreV1().PersistentVolumeClaims(ns)
	live, err := claims.Get(t.Context(), "data-db-0", metav1.GetOptions{})
	must(t, err)
	live.Spec.VolumeName = "volume-" + ns
	live, err = claims.Update(t.Context(), live, metav1.UpdateOptions{})
	must(t, err)
	live.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: live.Spec.Resources.Requests}
	_, err = claims.UpdateStatus(t.Context(), live, metav1.UpdateOptions{})
	must(t, err)

	_, err = volume.preview(claim(ns, "3Gi"))
	fails(t, err, "PersistentVolumeClaim "+ns+"/data-db-0", "must support resize")
	_, err = volume.preview(claim(ns, "500Mi"))
	fails(t, err, "PersistentVolumeClaim "+ns+"/data-db-0", "spec.resources.requests.storage")
	other := claim(ns, "1Gi")
	other["spec"].(object)["storageClassName"] = "other"
	fails(t, volume.tryDiff(properties(other)), "PersistentVolumeClaim "+ns+"/data-db-0 is kept", "(fixed to other)", "data in its volume")

	_, err = server.Typed.StorageV1().StorageClasses().Patch(t.Context(), "fixed", types.MergePatchType, []byte(`{"allowVolumeExpansion":true}`), metav1.PatchOptions{})
	must(t, err)
	// The API server judges by what it has heard of the class.
	for deadline := time.Now().Add(10 * time.Second); err == nil; time.Sleep(50 * time.Millisecond) {
		if _, refusal := volume.preview(claim(ns, "3Gi")); refusal == nil {
			break
		} else if time.Now().After(deadline) {
			err = refusal
		}
	}
	must(t, err)
	before := uid(t, volume)
	must(t, volume.update(claim(ns, "3Gi")))
	live, err = claims.Get(t.Context(), "data-db-0", metav1.GetOptions{})
	must(t, err)
	if size := live.Spec.Resources.Requests[corev1.ResourceStorage]; live.UID != before || size.String() != "3Gi" {
		t.Errorf("%v %v", live.UID, size)
	}
}

// What has to go before its successor can be made goes only when the API server would take the successor.
func TestNothingGoesForASuccessorThatIsRefused(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	session := connect(t)
	binding := func(kind string) object {
		return object{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": object{"namespace": ns, "name": "b"},
			"roleRef": object{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "view"},
		}
	}
	bound := session.resource("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "b").mustCreate(binding("ClusterRole"))
	must(t, bound.tryDiff(properties(binding("Role"))))
	fails(t, bound.tryDiff(properties(binding("Rule"))), "RoleBinding "+ns+"/b is kept", "roleRef.kind", `"b" is invalid`)

	service := func(ip, affinity string) object {
		return object{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"namespace": ns, "name": "s"},
			"spec": object{"type": "NodePort", "clusterIP": ip, "sessionAffinity": affinity, "ports": []any{object{"port": 80, "nodePort": 31777}}},
		}
	}
	served := session.resource(serviceToken, "s").mustCreate(service("10.96.7.7", "None"))
	// The port is taken by the Service that would go.
	must(t, served.tryDiff(properties(service("10.96.7.8", "None"))))
	fails(t, served.tryDiff(properties(service("10.96.7.8", "Sometimes"))), "Service "+ns+"/s is kept", "sessionAffinity")
	unknown := properties(service("10.96.7.8", "Sometimes"))
	unknown["metadata"].ObjectValue()["labels"] = resource.MakeComputed(resource.NewStringProperty(""))
	must(t, served.tryDiff(unknown))
}
