import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Inputs } from "./mocks.ts";

/** The component of @pulumi/kubernetes-cert-manager, as mocks record it: what it was handed, and not the release it makes of that. */
export const certManagerType = "kubernetes-cert-manager:index:CertManager";

/**
 * A stand-in for the component's own code, which is a Go program that no package registry has: the release that it registers, by
 * the rule of `InitDefaults` in github.com/pulumi/pulumi-go-helmbase v0.2.0. It fills in a chart and a repository where
 * there is none, and writes each of its typed arguments over the value of that name, with nothing where the argument is not given.
 */
export function certManagerRelease({ helmOptions = {}, ...given }: Inputs): Inputs {
  const { repositoryOpts = {}, values = {}, ...options } = helmOptions as Inputs & { repositoryOpts?: Inputs; values?: Inputs };
  const overwritten = Object.fromEntries(typedArguments().map((name) => [name, given[name]]));
  const written = Object.entries({ ...values, ...overwritten }).filter(([, value]) => value !== undefined);
  return {
    chart: "cert-manager",
    ...options,
    repositoryOpts: { ...repositoryOpts, repo: repositoryOpts.repo ?? "https://charts.jetstack.io" },
    values: Object.fromEntries(written),
  };
}

/** The component's arguments, as the package that is installed has them. */
function typedArguments(): string[] {
  const source = readFileSync(createRequire(import.meta.url).resolve("@pulumi/kubernetes-cert-manager/certManager.js"), "utf8");
  const names = [...source.matchAll(/resourceInputs\["(\w+)"\] = args \?/g)].map(([, name = ""]) => name);
  if (!names.includes("global")) throw new Error("the arguments of @pulumi/kubernetes-cert-manager are not where they were");
  return names.filter((name) => name !== "helmOptions");
}
