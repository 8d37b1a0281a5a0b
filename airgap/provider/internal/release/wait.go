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

// poll looks at one object after the other; what was found done is not looked at again.
func (client eager) poll(
	resources kube.ResourceList, timeout time.Duration, what string, done func(context.Context, *resource.Info) (bool, error),
) error {
	ctx, cancel := context.WithTimeout(client.ctx, timeout)
	defer cancel()
	began, said := time.Now(), ""
	pause := 50 * time.Millisecond
	var changed <-chan struct{}
	forget := func() {}
	defer func() { forget() }()
	for i := 0; i < len(resources); {
		ok, err := done(ctx, resources[i])
		switch {
		case ok:
			i++
			forget()
			changed = nil
			continue
		case ctx.Err() != nil && client.ctx.Err() == nil:
			return fmt.Errorf("not %s within %s", what, timeout)
		case ctx.Err() != nil:
			return fmt.Errorf("cancelled while waiting: %w", ctx.Err())
		case err != nil && !cluster.Transient(err):
			return err
		}
		message := fmt.Sprintf("waiting until %s %s is %s", resources[i].Mapping.GroupVersionKind.Kind, resources[i].Name, what)
		if message != said && time.Since(began) > time.Second {
			said = message
			client.runner.Say(message)
		}
		if changed == nil {
			info := resources[i]
			var watched context.Context
			watched, forget = context.WithCancel(ctx)
			changed = await.Changes(watched, client.runner.Client, info.Mapping.GroupVersionKind, info.Namespace, info.Name)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Second)
	}
	return nil
}
