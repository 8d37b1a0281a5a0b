package await

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"mesh.local/airgap/provider/internal/cluster"
)

// defaultTimeout is the published provider's.
const defaultTimeout = 10 * time.Minute

// NotReady tells which object did not become ready, and why.
type NotReady struct {
	Message string
	Reasons []string
}

func (err *NotReady) Error() string {
	return strings.Join(append([]string{err.Message}, err.Reasons...), "\n  ")
}

// Timeout is how long to wait for an object: the resource's customTimeouts, else its annotation, else ten minutes.
func Timeout(seconds float64, annotation string) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return defaultTimeout
}

// Ready waits until an object that was just stored is ready, and returns what it is then. On failure it returns the last that was seen.
func Ready(ctx context.Context, client *cluster.Client, object *unstructured.Unstructured, timeout time.Duration, say func(string)) (*unstructured.Unstructured, error) {
	endpoint, err := client.Resource(object)
	if err != nil {
		return object, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	said := ""
	var changed <-chan struct{}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		verdict, err := Assess(ctx, client, object)
		switch {
		case err != nil && ctx.Err() == nil && !cluster.Transient(err):
			return object, err
		case err == nil && verdict.Ready:
			if said != "" {
				say("ready")
			}
			return object, nil
		case err == nil && verdict.Failed:
			return object, explain(client, object, verdict.Message)
		}
		if verdict.Message != "" && verdict.Message != said {
			said = verdict.Message
			say(said)
		}
		if changed == nil {
			changed = Changes(ctx, client, object.GroupVersionKind(), object.GetNamespace(), object.GetName())
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return object, explain(client, object, fmt.Sprintf("is not ready within %s: %s", timeout, said))
			}
			return object, &NotReady{Message: Describe(object) + ": cancelled while waiting: " + said}
		case <-changed:
		case <-time.After(pause):
		}
		live, err := endpoint.Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case err == nil:
			object = live
		case apierrors.IsNotFound(err):
			return object, &NotReady{Message: Describe(object) + " was deleted by somebody else while waiting for it"}
		case ctx.Err() == nil && !cluster.Transient(err):
			return object, err
		}
	}
}

func explain(client *cluster.Client, object *unstructured.Unstructured, message string) error {
	// The caller's time is up; the explanation has some of its own.
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return &NotReady{Message: Describe(object) + " " + message, Reasons: Reasons(ctx, client, object)}
}

// Gone waits until an object that was deleted does not exist any more; another one of the same name does not count.
func Gone(ctx context.Context, endpoint dynamic.ResourceInterface, object *unstructured.Unstructured, timeout time.Duration, say func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	said := ""
	changed := make(chan struct{}, 1)
	go tellOf(ctx, endpoint, named(object.GetName()), changed)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		live, err := endpoint.Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err), meta.IsNoMatchError(err), err == nil && live.GetUID() != object.GetUID():
			if said != "" {
				say("gone")
			}
			return nil
		case err != nil && ctx.Err() == nil && !cluster.Transient(err):
			return err
		}
		if live != nil {
			object = live
		}
		if message := holding(object); message != said {
			said = message
			say(said)
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("it is being deleted, but not gone within %s: %s", timeout, said)
			}
			return errors.New("cancelled while waiting for its deletion")
		case <-changed:
		case <-time.After(pause):
		}
	}
}

// holding says what keeps an object that is being deleted.
func holding(object *unstructured.Unstructured) string {
	var parts []string
	if finalizers := object.GetFinalizers(); len(finalizers) > 0 {
		parts = append(parts, "waiting for its finalizers "+strings.Join(finalizers, ", "))
	}
	for _, kind := range []string{
		"NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure",
		"NamespaceContentRemaining", "NamespaceFinalizersRemaining", "Terminating",
	} {
		if condition := find(object, kind); condition != nil && condition["status"] == "True" {
			parts = append(parts, fmt.Sprint(condition["message"]))
		}
	}
	if len(parts) == 0 {
		return "waiting for what belongs to it"
	}
	return strings.Join(parts, "; ")
}
