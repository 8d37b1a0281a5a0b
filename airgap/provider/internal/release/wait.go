package release

import (
	"context"
	"fmt"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/resource"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
)

// eager is Helm's client with Helm's idea of readiness, but it looks more often than every two seconds, tells what it waits for, and stops
// waiting when it is cancelled.
type eager struct {
	*kube.Client
	ctx    context.Context
	runner Runner
}

func (client eager) Wait(resources kube.ResourceList, timeout time.Duration) error {
	return client.wait(resources, timeout, kube.PausedAsReady(true))
}

func (client eager) WaitWithJobs(resources kube.ResourceList, timeout time.Duration) error {
	return client.wait(resources, timeout, kube.PausedAsReady(true), kube.CheckJobs(true))
}

func (client eager) wait(resources kube.ResourceList, timeout time.Duration, options ...kube.ReadyCheckerOption) error {
	checker := kube.NewReadyChecker(client.runner.Client.Typed, func(string, ...any) {}, options...)
	return client.poll(resources, timeout, "ready", checker.IsReady)
}

func (client eager) WaitForDelete(resources kube.ResourceList, timeout time.Duration) error {
	return client.poll(resources, timeout, "gone", func(_ context.Context, info *resource.Info) (bool, error) {
		err := info.Get()
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// poll waits for one object after the other; what was found done is not looked at again.
func (client eager) poll(
	resources kube.ResourceList, timeout time.Duration, what string, done func(context.Context, *resource.Info) (bool, error),
) error {
	ctx, cancel := context.WithTimeout(client.ctx, timeout)
	defer cancel()
	began, said := time.Now(), ""
	for _, info := range resources {
		err := until(ctx, client.runner.Client, info, done, func() {
			message := fmt.Sprintf("waiting until %s %s is %s", info.Mapping.GroupVersionKind.Kind, info.Name, what)
			if message != said && time.Since(began) > time.Second {
				said = message
				client.runner.Say(message)
			}
		})
		switch {
		case err == nil:
		case ctx.Err() != nil && client.ctx.Err() == nil:
			return fmt.Errorf("not %s within %s", what, timeout)
		case ctx.Err() != nil:
			return fmt.Errorf("cancelled while waiting: %w", ctx.Err())
		default:
			return err
		}
	}
	return nil
}

// until looks at an object when it was changed, and from time to time, until it is done or the context ends.
func until(
	ctx context.Context, asked *cluster.Client, info *resource.Info,
	done func(context.Context, *resource.Info) (bool, error), waiting func(),
) error {
	ctx, forget := context.WithCancel(ctx)
	defer forget()
	var changed <-chan struct{}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		ok, err := done(ctx, info)
		switch {
		case ok:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !cluster.Transient(err):
			return err
		}
		waiting()
		if changed == nil {
			changed = await.Changes(ctx, asked, info.Mapping.GroupVersionKind, info.Namespace, info.Name)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-time.After(pause):
		}
	}
}
