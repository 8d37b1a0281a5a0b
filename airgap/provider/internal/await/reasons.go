package await

import (
	"context"
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mesh.local/airgap/provider/internal/cluster"
)

const (
	maxPods   = 3
	maxEvents = 5
	logLines  = 10
)

// Reasons collects what Kubernetes knows about an object that is not ready: its conditions, the state of its pods' containers, their last
// log lines, and warnings about all of them. It is best effort: what cannot be read is left out.
func Reasons(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured) []string {
	var reasons []string
	involved := map[string]bool{object.GetKind() + "/" + object.GetName(): true}
	for _, kind := range []string{"ReplicaFailure", "Progressing", "NamesAccepted", "Established"} {
		if condition := find(object, kind); condition != nil && bad(kind, condition) {
			reasons = append(reasons, "condition "+kind+" is "+fmt.Sprint(condition["status"])+because(condition))
		}
	}
	shown := 0
	for _, pod := range podsOf(ctx, client, object) {
		involved["Pod/"+pod.Name] = true
		for _, owner := range pod.OwnerReferences {
			involved[owner.Kind+"/"+owner.Name] = true
		}
		if shown < maxPods && !podReady(&pod) {
			reasons = append(reasons, podReasons(ctx, client, &pod)...)
			shown++
		}
	}
	if object.GetKind() == "Deployment" {
		sets, err := client.Typed.AppsV1().ReplicaSets(object.GetNamespace()).List(ctx, metav1.ListOptions{LabelSelector: selectorOf(object)})
		if err == nil {
			for _, set := range sets.Items {
				involved["ReplicaSet/"+set.Name] = true
			}
		}
	}
	return append(reasons, warnings(ctx, client, object.GetNamespace(), involved)...)
}

func bad(kind string, condition map[string]any) bool {
	if kind == "ReplicaFailure" {
		return condition["status"] == "True"
	}
	return condition["status"] == "False"
}

func selectorOf(object *unstructured.Unstructured) string {
	path := []string{"spec", "selector", "matchLabels"}
	if object.GetKind() == "Service" {
		path = path[:2]
	}
	selector, _, _ := unstructured.NestedStringMap(object.Object, path...)
	return labels(selector)
}

func labels(selector map[string]string) string {
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: selector})
}

func podsOf(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured) []corev1.Pod {
	pods := client.Typed.CoreV1().Pods(object.GetNamespace())
	switch object.GetKind() {
	case "Pod":
		if pod, err := pods.Get(ctx, object.GetName(), metav1.GetOptions{}); err == nil {
			return []corev1.Pod{*pod}
		}
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Service":
		selector := selectorOf(object)
		if strings.HasPrefix(selector, "<") {
			return nil
		}
		list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil
		}
		sort.Slice(list.Items, func(i, j int) bool { return list.Items[j].CreationTimestamp.Before(&list.Items[i].CreationTimestamp) })
		return list.Items
	}
	return nil
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return pod.Status.Phase == corev1.PodSucceeded
}

func podReasons(ctx context.Context, client *cluster.Client, pod *corev1.Pod) []string {
	var reasons []string
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			reasons = append(reasons, fmt.Sprintf("pod %s is not scheduled: %s", pod.Name, condition.Message))
		}
	}
	for _, container := range append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...) {
		state := containerState(container)
		if state == "" {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("pod %s, container %s: %s", pod.Name, container.Name, state))
		if lines := logs(ctx, client, pod, container); lines != "" {
			reasons = append(reasons, fmt.Sprintf("last log lines of pod %s, container %s:\n    %s", pod.Name, container.Name, lines))
		}
	}
	if len(reasons) == 0 {
		reasons = append(reasons, fmt.Sprintf("pod %s is %s and not ready", pod.Name, pod.Status.Phase))
	}
	return reasons
}

func containerState(container corev1.ContainerStatus) string {
	last := container.LastTerminationState.Terminated
	switch state := container.State; {
	case state.Waiting != nil && (state.Waiting.Reason == "PodInitializing" || state.Waiting.Reason == "ContainerCreating"):
		return ""
	case state.Waiting != nil && last != nil:
		return fmt.Sprintf("%s, last exit code %d, %d restarts", state.Waiting.Reason, last.ExitCode, container.RestartCount)
	case state.Waiting != nil:
		return strings.TrimSpace(state.Waiting.Reason + " " + state.Waiting.Message)
	case state.Terminated != nil && state.Terminated.ExitCode != 0:
		return fmt.Sprintf("exited with code %d %s", state.Terminated.ExitCode, state.Terminated.Message)
	case state.Running != nil && !container.Ready && (container.Started == nil || !*container.Started):
		return "running, but its startup or readiness probe has not succeeded"
	case state.Running != nil && !container.Ready:
		return "running, but its readiness probe fails"
	}
	return ""
}

func logs(ctx context.Context, client *cluster.Client, pod *corev1.Pod, container corev1.ContainerStatus) string {
	lines := int64(logLines)
	options := &corev1.PodLogOptions{Container: container.Name, TailLines: &lines}
	options.Previous = container.State.Waiting != nil && container.LastTerminationState.Terminated != nil
	if container.State.Waiting != nil && !options.Previous {
		return ""
	}
	text, err := client.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).DoRaw(ctx)
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    ")
}

// warnings are the latest Warning events about any of the involved objects.
func warnings(ctx context.Context, client *cluster.Client, namespace string, involved map[string]bool) []string {
	events, err := client.Typed.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return nil
	}
	sort.SliceStable(events.Items, func(i, j int) bool { return when(events.Items[j]).Before(when(events.Items[i])) })
	var messages []string
	seen := map[string]bool{}
	for _, event := range events.Items {
		about := event.InvolvedObject.Kind + "/" + event.InvolvedObject.Name
		message := fmt.Sprintf("event of %s %s: %s: %s", event.InvolvedObject.Kind, event.InvolvedObject.Name, event.Reason, strings.TrimSpace(event.Message))
		if !involved[about] || seen[event.Reason+event.Message] {
			continue
		}
		seen[event.Reason+event.Message] = true
		if messages = append(messages, message); len(messages) == maxEvents {
			break
		}
	}
	return messages
}

func when(event corev1.Event) *metav1.Time {
	if !event.LastTimestamp.IsZero() {
		return &event.LastTimestamp
	}
	if !event.EventTime.IsZero() {
		return &metav1.Time{Time: event.EventTime.Time}
	}
	return &event.CreationTimestamp
}
