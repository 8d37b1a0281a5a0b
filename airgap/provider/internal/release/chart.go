package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"

	"mesh.local/airgap/provider/internal/cluster"
)

// IsLocal tells whether the chart is a folder or archive on this machine.
func (args Args) IsLocal() bool {
	if registry.IsOCI(args.Chart) || strings.Contains(args.Chart, "://") {
		return false
	}
	if filepath.IsAbs(args.Chart) || strings.HasPrefix(args.Chart, ".") {
		return true
	}
	_, err := os.Stat(args.Chart)
	return err == nil && args.RepositoryOpts.Repo == ""
}

// Sum is a digest of a local chart's files.
func (args Args) Sum() (string, error) {
	loaded, err := loader.Load(args.Chart)
	if err != nil {
		return "", fmt.Errorf("chart %s: %w", args.Chart, err)
	}
	hash := sha256.New()
	sum(hash, loaded)
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func sum(hash io.Writer, loaded *chart.Chart) {
	for _, file := range loaded.Raw {
		_, _ = fmt.Fprintf(hash, "%s %d\n", file.Name, len(file.Data))
		_, _ = hash.Write(file.Data)
	}
	for _, dependency := range loaded.Dependencies() {
		sum(hash, dependency)
	}
}

// environment is Helm's, with what the Provider's helmReleaseSettings say.
func environment(settings cluster.HelmSettings, namespace string) *cli.EnvSettings {
	env := cli.New()
	env.SetNamespace(namespace)
	for target, value := range map[*string]string{
		&env.PluginsDirectory: settings.PluginsPath, &env.RegistryConfig: settings.RegistryConfigPath,
		&env.RepositoryCache: settings.RepositoryCache, &env.RepositoryConfig: settings.RepositoryConfigPath,
	} {
		if value != "" {
			*target = value
		}
	}
	return env
}

// load finds a chart, fetching it when it is remote, and checks that it can be installed.
func load(args Args, env *cli.EnvSettings) (*chart.Chart, error) {
	client, err := registry.NewClient(registry.ClientOptEnableCache(true), registry.ClientOptCredentialsFile(env.RegistryConfig),
		registry.ClientOptWriter(io.Discard), registry.ClientOptBasicAuth(args.RepositoryOpts.Username, args.RepositoryOpts.Password))
	if err != nil {
		return nil, err
	}
	// ChartPathOptions takes its registry client through an action only.
	install := action.NewInstall(&action.Configuration{})
	install.SetRegistryClient(client)
	install.ChartPathOptions.RepoURL = args.RepositoryOpts.Repo
	install.ChartPathOptions.Username, install.ChartPathOptions.Password = args.RepositoryOpts.Username, args.RepositoryOpts.Password
	install.ChartPathOptions.CaFile, install.ChartPathOptions.CertFile, install.ChartPathOptions.KeyFile =
		args.RepositoryOpts.CaFile, args.RepositoryOpts.CertFile, args.RepositoryOpts.KeyFile
	install.ChartPathOptions.Keyring, install.ChartPathOptions.Verify = args.Keyring, args.Verify
	install.ChartPathOptions.Version = args.Version
	if args.Version == "" && args.Devel {
		install.ChartPathOptions.Version = ">0.0.0-0"
	}
	path, err := install.ChartPathOptions.LocateChart(args.Chart, env)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", args.Chart, err)
	}
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", args.Chart, err)
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, fmt.Errorf("chart %s is a %s chart, which cannot be installed", args.Chart, kind)
	}
	if missing := action.CheckDependencies(loaded, loaded.Metadata.Dependencies); missing != nil {
		if !args.DependencyUpdate {
			return nil, fmt.Errorf("chart %s: %w (dependencyUpdate fetches them)", args.Chart, missing)
		}
		manager := &downloader.Manager{
			Out: io.Discard, ChartPath: path, Keyring: args.Keyring, Getters: getter.All(env), RegistryClient: client,
			RepositoryConfig: env.RepositoryConfig, RepositoryCache: env.RepositoryCache,
		}
		if err := manager.Update(); err != nil {
			return nil, fmt.Errorf("dependencies of chart %s: %w", args.Chart, err)
		}
		return loader.Load(path)
	}
	return loaded, nil
}

// Validate loads a local chart and holds the values against its schema, without a cluster.
func Validate(args Args, settings cluster.HelmSettings) error {
	if !args.IsLocal() || args.DependencyUpdate {
		return nil
	}
	loaded, err := load(args, environment(settings, args.Namespace))
	if err != nil {
		return err
	}
	given := merge(nil, args.Values)
	if err := chartutil.ProcessDependenciesWithMerge(loaded, given); err != nil {
		return fmt.Errorf("chart %s: %w", args.Chart, err)
	}
	options := chartutil.ReleaseOptions{Name: args.Name, Namespace: args.Namespace, Revision: 1, IsInstall: true}
	if _, err := chartutil.ToRenderValues(loaded, given, options, nil); err != nil {
		return fmt.Errorf("values of chart %s: %w", args.Chart, err)
	}
	return nil
}
