import type { ApplicationDeclaration } from "../../../model/application.ts";
import { identity, type Manifest } from "../../contract/support/manifests.ts";
import { declare } from "../../lib/declared.ts";
import { applyObjects, kubectl } from "../../lib/runningStack.ts";
import { serviceImage } from "./inside/pods.ts";

interface Given {
  readonly applications: readonly ApplicationDeclaration[];
  /** Values under `mesh:secrets`. @default none */
  readonly settings?: Readonly<Record<string, string>>;
  /** Objects in their namespaces that somebody else makes. @default none */
  readonly beside?: readonly object[];
  /** What is other in an object than the platform would make it. @default nothing */
  readonly adapted?: (object: object) => object;
  /**
   * Hosts of TLS, where Istio's gateway is to offer what the applications expose; the certificate stays the stack's own. @default it
   * is told of nothing
   */
  readonly offered?: readonly string[];
  /** Whether Kong offers them as well: what that needs of their namespaces is made, but for objects of Kong's own. @default false */
  readonly kong?: boolean;
}

/** Has applications of a test's own in the cluster, each object as the platform would make it, and removes them. */
export async function withApplications<T>(
  { applications, settings = {}, beside = [], adapted = (object) => object, offered, kong = false }: Given,
  use: () => Promise<T>,
): Promise<T> {
  const {
    own: all,
    elsewhere,
    before,
  } = await declare(applications, {
    "mesh:secrets": JSON.stringify(settings),
    ...(offered && { "mesh:tls": JSON.stringify({ hosts: offered }) }),
    ...(kong && elsewhereKong),
  });
  const own = all.filter(({ kind }) => !["Ingress", "KongPlugin"].includes(kind));
  const ofGateway = (objects: readonly Manifest[]) =>
    objects.filter(({ kind, metadata }) => offered && metadata.namespace === "istio-ingress" && kind !== "Secret");
  const namespaces = applications.map(({ namespace }) => namespace);
  const remove = async () => {
    const gone = kubectl("delete", "namespace", ...namespaces, "--ignore-not-found", "--wait");
    // Nobody asks them any more, so none takes its time to end.
    const hurry = ["pods", "--all", "--grace-period=1", "--wait=false", "--ignore-not-found"];
    await Promise.all([gone, ...namespaces.map((namespace) => kubectl("delete", ...hurry, `--namespace=${namespace}`))]);
  };
  const close = async () => {
    const made = new Set(before.map(identity));
    for (const object of ofGateway(before)) await applyAsOwner(object);
    for (const { kind, metadata } of ofGateway(elsewhere).filter((object) => !made.has(identity(object))))
      await kubectl("delete", kind, metadata.name, `--namespace=${metadata.namespace}`, "--ignore-not-found");
  };
  await remove();
  try {
    await applyObjects(own.filter(({ kind }) => kind === "Namespace"));
    await applyObjects([...beside, ...own.filter(({ kind }) => kind !== "Namespace").map(adapted)]);
    for (const { kind, metadata } of own.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))) {
      const { name, namespace } = metadata;
      await kubectl("rollout", "status", `${kind}/${name}`, `--namespace=${namespace}`, "--timeout=120s");
    }
    for (const object of ofGateway(elsewhere)) await applyAsOwner(object);
    return await use();
  } finally {
    await close();
    await remove();
  }
}

/** Settings of a stack whose Kong comes from a registry. */
const elsewhereKong = {
  "mesh:charts": JSON.stringify({ kong: { repository: "https://charts.example.com" } }),
  "mesh:images": JSON.stringify({
    kong: { registry: "registry.example.com" },
    kongController: { registry: "registry.example.com" },
  }),
};

/** Makes an object what it is to be in the name of whoever has made it, who then finds nothing of anybody else's in it. */
async function applyAsOwner(object: Manifest): Promise<void> {
  const { kind, metadata } = object;
  const place = [kind, metadata.name, `--namespace=${metadata.namespace}`, "--ignore-not-found", "--show-managed-fields"];
  const owner = "--output=jsonpath={.metadata.managedFields[?(@.operation=='Apply')].manager}";
  const manager = await kubectl("get", ...place, owner);
  await applyObjects([object], ...(manager === "" ? [] : [`--field-manager=${manager}`]));
}

/** The image of the product service, which is on every node and holds a Node.js, for services that run another program on it. */
export async function nodeImage(): Promise<ImageParts> {
  return imageParts(await serviceImage());
}

type ImageParts = { registry: string; repository: string; tag?: string; digest?: string };

/** An image as applications declare it, by the name that a pod has for it. */
export function imageParts(reference: string): ImageParts {
  const [name = "", digest] = reference.split("@");
  const [, registry = "", repository = "", tag] = /^([^/]+)\/([^:]+)(?::(.+))?$/.exec(name) ?? [];
  return { registry, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}
