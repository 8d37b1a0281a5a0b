import type { ApplicationDeclaration } from "../../../model/application.ts";
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
}

/**
 * Has applications of a test's own in the cluster, each object as the platform would make it, and removes them. They are for the mesh
 * alone: what gateways know of them is not made.
 */
export async function withApplications<T>(
  { applications, settings = {}, beside = [], adapted = (object) => object }: Given,
  use: () => Promise<T>,
): Promise<T> {
  const { own } = await declare(applications, { "mesh:secrets": JSON.stringify(settings) });
  const namespaces = applications.map(({ namespace }) => namespace);
  const remove = async () => {
    const gone = kubectl("delete", "namespace", ...namespaces, "--ignore-not-found", "--wait");
    // Nobody asks them any more, so none takes its time to end.
    const hurry = ["pods", "--all", "--grace-period=1", "--wait=false", "--ignore-not-found"];
    await Promise.all([gone, ...namespaces.map((namespace) => kubectl("delete", ...hurry, `--namespace=${namespace}`))]);
  };
  await remove();
  try {
    await applyObjects(own.filter(({ kind }) => kind === "Namespace"));
    await applyObjects([...beside, ...own.filter(({ kind }) => kind !== "Namespace").map(adapted)]);
    for (const { kind, metadata } of own.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))) {
      const { name, namespace } = metadata;
      await kubectl("rollout", "status", `${kind}/${name}`, `--namespace=${namespace}`, "--timeout=120s");
    }
    return await use();
  } finally {
    await remove();
  }
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
