package apitest

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// Broken in an image's name makes its container crash, over and over.
	Broken = "broken"
	// Failing in an image's name makes its container exit with an error, for good.
	Failing = "failing"
)

const node = "node"

// playNodes does for pods what a scheduler and kubelets would: it runs them, lets those with a broken image crash, completes those of Jobs,
// and lets deleted ones go.
func (server *Server) playNodes(ctx context.Context) {
	_, _ = server.Typed.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, metav1.CreateOptions{})
	for ctx.Err() == nil {
		pods, err := server.Typed.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err == nil {
			for i := range pods.Items {
				server.play(ctx, &pods.Items[i])
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (server *Server) play(ctx context.Context, pod *corev1.Pod) {
	pods := server.Typed.CoreV1().Pods(pod.Namespace)
	now := int64(0)
	switch {
	case pod.DeletionTimestamp != nil:
		_ = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	case pod.Spec.NodeName == "":
		_ = pods.Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: node},
		}, metav1.CreateOptions{})
	case pod.Status.Phase == corev1.PodPending:
		pod.Status = status(pod)
		_, _ = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		if pod.Status.Phase == corev1.PodPending {
			server.warn(ctx, pod)
		}
	}
}

func status(pod *corev1.Pod) corev1.PodStatus {
	name, image := pod.Spec.Containers[0].Name, pod.Spec.Containers[0].Image
	container := corev1.ContainerStatus{Name: name, Image: image, Ready: true}
	result := corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.1.2.3", PodIPs: []corev1.PodIP{{IP: "10.1.2.3"}}}
	ready := corev1.ConditionTrue
	switch {
	case strings.Contains(image, Broken):
		ready, result.Phase, container.Ready, container.RestartCount = corev1.ConditionFalse, corev1.PodPending, false, 3
		container.State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}
		container.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 42}
	case strings.Contains(image, Failing):
		ready, result.Phase, container.Ready = corev1.ConditionFalse, corev1.PodFailed, false
		container.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: 7, FinishedAt: metav1.Now()}
	case pod.Spec.RestartPolicy == corev1.RestartPolicyNever:
		ready, result.Phase, container.Ready = corev1.ConditionFalse, corev1.PodSucceeded, false
		container.State.Terminated = &corev1.ContainerStateTerminated{}
	default:
		container.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Now()}
	}
	result.ContainerStatuses = []corev1.ContainerStatus{container}
	result.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()},
	}
	return result
}

func (server *Server) warn(ctx context.Context, pod *corev1.Pod) {
	_, _ = server.Typed.CoreV1().Events(pod.Namespace).Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.backoff", pod.Name), Namespace: pod.Namespace},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
		Type:           corev1.EventTypeWarning, Reason: "BackOff", Message: "Back-off restarting failed container", LastTimestamp: metav1.Now(),
	}, metav1.CreateOptions{})
}
