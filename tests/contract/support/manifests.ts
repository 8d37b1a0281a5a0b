import type { ApplicationDeclaration } from "../../../model/application.ts";
import { certificateOf } from "../../lib/certificate.ts";
import { certManagerRelease, certManagerType } from "../../lib/certManagerPackage.ts";
import { automaticName, type Recording, type Registered } from "../../lib/mocks.ts";
import { recordStack, stackConfig } from "../../lib/stacks.ts";

/** A Kubernetes object as it is sent to an API server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What a stack installs by Helm. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** Name in a repository, or path of a folder. */
  readonly chart: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a stack puts into its cluster. */
export interface Contents {
  readonly objects: readonly Manifest[];
  readonly releases: readonly Release[];
}

const releaseType = "kubernetes:helm.sh/v3:Release";
const serviceType = "kubernetes:core/v1:Service";
/** What a cloud says of the load balancers it made. */
const balanced = { loadBalancer: { ingress: [{ hostname: "balancer.example.com" }] } };
const passwordType = "random:index/randomPassword:RandomPassword";
const selfSignedType = "mesh:certificate:SelfSigned";

/** Everything that a stack of this project, with keys of its configuration replaced, puts into its cluster, in that order. */
export async function contentsOf(
  stack: string,
  changes: Record<string, unknown> = {},
  declared?: readonly ApplicationDeclaration[],
): Promise<Contents> {
  const certificate = await certificateOf(stackConfig(stack, changes).tls.hosts);
  const outputs = {
    [selfSignedType]: certificate,
    [serviceType]: { status: balanced },
    // No two are the same, or Kong would refuse one of them.
    [passwordType]: (name: string) => ({ result: `password-of-${name}` }),
  };
  const recording = await recordStack(stack, changes, { autonames: true, outputs }, declared);
  return { objects: manifestsOf(recording), releases: releasesOf(recording) };
}

/** The objects of a recording as their provider would send them. */
export function manifestsOf({ resources }: Recording): Manifest[] {
  return resources.filter(isObject).map((resource) => {
    const { metadata = {}, ...rest } = plain(resource.inputs) as Partial<Manifest>;
    return { ...rest, metadata: { name: automaticName(resource.name), ...metadata } } as Manifest;
  });
}

function releasesOf({ all }: Recording): Release[] {
  const ours = all(releaseType).map(({ inputs }) => plain(inputs) as Release);
  const theirs = all(certManagerType).map(({ inputs }) => plain(certManagerRelease(inputs)) as unknown as Release);
  return [...ours, ...theirs];
}

/** Objects that are read, because somebody else makes them, have no inputs. */
function isObject({ type, inputs }: Registered): boolean {
  return type.startsWith("kubernetes:") && type !== releaseType && Object.keys(inputs).length > 0;
}

/** A secret comes in an envelope; here nobody else looks. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (signature in value) return plain((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** The key that marks Pulumi's special values. */
const signature = "4dabf18193072939515e22adb298388d";

/** What tells an object from all others in a cluster. */
export function identity({ apiVersion, kind, metadata: { namespace = "-", name } }: Manifest): string {
  return `${apiVersion} ${kind} ${namespace}/${name}`;
}
