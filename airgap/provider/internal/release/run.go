package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/postrender"
	helm "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"mesh.local/airgap/provider/internal/await"
	"mesh.local/airgap/provider/internal/cluster"
)

// Runner works on the releases of one cluster.
type Runner struct {
	Client   *cluster.Client
	Settings cluster.HelmSettings
	Say      func(string)
}

func (runner Runner) configuration(ctx context.Context, namespace string) (*action.Configuration, error) {
	config := &action.Configuration{}
	if err := config.Init(access{runner.Client, namespace}, namespace, runner.Settings.Driver, func(string, ...any) {}); err != nil {
		return nil, err
	}
	if client, ok := config.KubeClient.(*kube.Client); ok {
		config.KubeClient = eager{Client: client, ctx: ctx, runner: runner}
	}
	return config, nil
}

// Get is the last revision of a release, or nil where there is none.
func (runner Runner) Get(ctx context.Context, namespace, name string) (*helm.Release, error) {
	config, err := runner.configuration(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return last(config, name)
}

func last(config *action.Configuration, name string) (*helm.Release, error) {
	release, err := config.Releases.Last(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, nil
	}
	return release, err
}

// Apply brings a release to what the arguments say, whatever an earlier run left of it. The release that is returned beside an error exists,
// but is not ready.
func (runner Runner) Apply(ctx context.Context, args Args, create bool) (*helm.Release, error) {
	loaded, err := load(args, environment(runner.Settings, args.Namespace))
	if err != nil {
		return nil, err
	}
	var release *helm.Release
	err = cluster.Retry(ctx, runner.Say, func() error {
		config, err := runner.configuration(ctx, args.Namespace)
		if err != nil {
			return err
		}
		if err := runner.recover(config, args, loaded, create); err != nil {
			return err
		}
		existing, err := last(config, args.Name)
		if err != nil {
			return err
		}
		if existing == nil {
			release, err = runner.install(ctx, config, args, loaded)
		} else {
			release, err = runner.upgrade(ctx, config, args, loaded)
		}
		return err
	})
	if err == nil {
		return release, nil
	}
	err = runner.explain(release, err)
	if existing, lookup := runner.Get(context.WithoutCancel(ctx), args.Namespace, args.Name); lookup == nil {
		release = existing
	}
	return release, err
}

// recover turns what a killed or failed run left into something that Helm upgrades, or into nothing.
func (runner Runner) recover(config *action.Configuration, args Args, loaded *chart.Chart, create bool) error {
	existing, err := last(config, args.Name)
	if err != nil || existing == nil {
		return err
	}
	if create && existing.Chart.Metadata.Name != loaded.Metadata.Name {
		return fmt.Errorf("a release of that name exists already, of another chart (%s %s)", existing.Chart.Metadata.Name, existing.Chart.Metadata.Version)
	}
	status := existing.Info.Status
	if status == helm.StatusUninstalling || status == helm.StatusUninstalled {
		runner.Say("finishing an uninstallation that was interrupted")
		return uninstall(config, args.Name, args.timeout(), args.DisableWebhooks)
	}
	if status.IsPending() {
		runner.Say("taking up revision " + fmt.Sprint(existing.Version) + ", which was interrupted while " + status.String())
		existing.SetStatus(helm.StatusFailed, "interrupted")
		if err := config.Releases.Update(existing); err != nil {
			return err
		}
	}
	deployed, err := config.Releases.Deployed(args.Name)
	if deployed != nil || err != nil && !errors.Is(err, driver.ErrNoDeployedReleases) {
		return err
	}
	// It never got ready. An upgrade keeps what is there, but does not run hooks of an installation: a chart that has such hooks starts anew.
	if !args.DisableWebhooks && installsWithHooks(existing) {
		runner.Say("removing what an interrupted installation left")
		return uninstall(config, args.Name, args.timeout(), args.DisableWebhooks)
	}
	return nil
}

func installsWithHooks(release *helm.Release) bool {
	for _, hook := range release.Hooks {
		install, upgrade := false, false
		for _, event := range hook.Events {
			install = install || event == helm.HookPreInstall || event == helm.HookPostInstall
			upgrade = upgrade || event == helm.HookPreUpgrade || event == helm.HookPostUpgrade
		}
		if install && !upgrade {
			return true
		}
	}
	return false
}

func (runner Runner) install(ctx context.Context, config *action.Configuration, args Args, loaded *chart.Chart) (*helm.Release, error) {
	install := action.NewInstall(config)
	install.ReleaseName, install.Namespace, install.CreateNamespace = args.Name, args.Namespace, args.CreateNamespace
	install.Description, install.Timeout = args.Description, args.timeout()
	install.Wait, install.WaitForJobs, install.Atomic = !args.SkipAwait, args.WaitForJobs && !args.SkipAwait, args.Atomic
	install.DisableHooks, install.DisableOpenAPIValidation = args.DisableWebhooks, args.DisableOpenapiValidation
	install.SkipCRDs, install.SubNotes, install.TakeOwnership = args.SkipCrds, args.RenderSubchartNotes, args.TakeOwnership
	install.Devel, install.Replace, install.Force = args.Devel, args.Replace, args.ForceUpdate
	var err error
	if install.PostRenderer, err = postRenderer(args); err != nil {
		return nil, err
	}
	return install.RunWithContext(ctx, loaded, args.Values)
}

func (runner Runner) upgrade(ctx context.Context, config *action.Configuration, args Args, loaded *chart.Chart) (*helm.Release, error) {
	upgrade := action.NewUpgrade(config)
	upgrade.Namespace, upgrade.Description, upgrade.Timeout = args.Namespace, args.Description, args.timeout()
	upgrade.Wait, upgrade.WaitForJobs, upgrade.Atomic = !args.SkipAwait, args.WaitForJobs && !args.SkipAwait, args.Atomic
	upgrade.DisableHooks, upgrade.DisableOpenAPIValidation = args.DisableWebhooks, args.DisableOpenapiValidation
	upgrade.SkipCRDs, upgrade.SubNotes, upgrade.TakeOwnership = args.SkipCrds, args.RenderSubchartNotes, args.TakeOwnership
	upgrade.Devel, upgrade.Force, upgrade.Recreate = args.Devel, args.ForceUpdate, args.RecreatePods
	upgrade.MaxHistory, upgrade.CleanupOnFail = args.MaxHistory, args.CleanupOnFail
	// The program's values are all there are: what an earlier revision was given does not linger.
	upgrade.ResetValues, upgrade.ReuseValues = args.ResetValues || !args.ReuseValues, args.ReuseValues
	var err error
	if upgrade.PostRenderer, err = postRenderer(args); err != nil {
		return nil, err
	}
	return upgrade.RunWithContext(ctx, args.Name, loaded, args.Values)
}

func postRenderer(args Args) (postrender.PostRenderer, error) {
	if args.Postrender == "" {
		return nil, nil
	}
	return postrender.NewExec(args.Postrender)
}

// Uninstall removes a release and waits until its objects are gone. One that is gone already is fine.
func (runner Runner) Uninstall(ctx context.Context, namespace, name string, args Args) error {
	return cluster.Retry(ctx, runner.Say, func() error {
		config, err := runner.configuration(ctx, namespace)
		if err != nil {
			return err
		}
		return uninstall(config, name, args.timeout(), args.DisableWebhooks)
	})
}

func uninstall(config *action.Configuration, name string, timeout time.Duration, disableHooks bool) error {
	uninstall := action.NewUninstall(config)
	uninstall.IgnoreNotFound, uninstall.Wait, uninstall.Timeout = true, true, timeout
	uninstall.DeletionPropagation, uninstall.DisableHooks = "foreground", disableHooks
	_, err := uninstall.Run(name)
	return err
}

type pending struct {
	object  *unstructured.Unstructured
	verdict await.Verdict
}

// unready are the objects of a release that Helm is waiting for.
func (runner Runner) unready(ctx context.Context, release *helm.Release) []pending {
	var unready []pending
	for _, object := range Objects(release, runner.Client) {
		endpoint, err := runner.Client.Resource(object)
		if err != nil {
			continue
		}
		live, err := endpoint.Get(ctx, object.GetName(), getOptions)
		if err != nil {
			unready = append(unready, pending{object, await.Verdict{Message: err.Error()}})
			continue
		}
		if object.GetKind() == "Service" || object.GetKind() == "Job" {
			// Helm waits for neither pods behind a Service nor, unless asked, for Jobs: their pods' workloads tell more.
			continue
		}
		if verdict, err := await.Assess(ctx, runner.Client, live); err == nil && !verdict.Ready {
			unready = append(unready, pending{live, verdict})
		}
	}
	return unready
}

// Missing names the objects of a release that are not in the cluster any more.
func (runner Runner) Missing(ctx context.Context, release *helm.Release) []string {
	var missing []string
	for _, object := range Objects(release, runner.Client) {
		endpoint, err := runner.Client.Resource(object)
		if err == nil {
			_, err = endpoint.Get(ctx, object.GetName(), getOptions)
		}
		// What cannot be looked at is not taken for gone.
		if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			missing = append(missing, await.Describe(object))
		}
	}
	return missing
}

// explain adds to Helm's error, which is often only that time ran out, what is not ready and why.
func (runner Runner) explain(release *helm.Release, cause error) error {
	failure := &await.NotReady{Message: cause.Error()}
	if release == nil {
		return failure
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, waiting := range runner.unready(ctx, release) {
		failure.Reasons = append(failure.Reasons, await.Describe(waiting.object)+" is not ready: "+waiting.verdict.Message)
		failure.Reasons = append(failure.Reasons, await.Reasons(ctx, runner.Client, waiting.object)...)
	}
	return failure
}
