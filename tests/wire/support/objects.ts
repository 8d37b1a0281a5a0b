/** Kinds of which objects come and go by themselves. */
const restless =
  /^(events|pods|leases|endpointslices|endpoints|bindings|componentstatuses|replicasets|controllerrevisions)(\.|$)/;

/** An object that stays until somebody removes it, and is nobody's: what a CronJob has started goes with it, for example. */
export interface Lasting {
  /** `Kind/namespace/name`. */
  readonly object: string;
  /** The Helm release that it is of: `Release/namespace/name`. */
  readonly release: string | undefined;
}

/**
 * Lists the objects of a cluster that stay until somebody removes them.
 *
 * @param kubectl - runs kubectl against the cluster and returns what it prints.
 * @param of - `namespaces`: what is in them, and they themselves; `cluster`: all.
 */
export async function listLasting(
  kubectl: (...args: string[]) => Promise<string>,
  of: "cluster" | "namespaces",
): Promise<Lasting[]> {
  const scope = of === "namespaces" ? ["--namespaced"] : [];
  const kinds = (await kubectl("api-resources", ...scope, "--verbs=list", "--output=name")).split("\n").filter(Boolean);
  const wanted = new Set([...kinds.filter((kind) => !restless.test(kind)), "namespaces"]);
  const fields = [
    ".kind",
    ".metadata.namespace",
    ".metadata.name",
    ".metadata.annotations.meta\\.helm\\.sh/release-name",
    ".metadata.ownerReferences[0].kind",
  ];
  const line = fields.map((field) => `{${field}}`).join('{"|"}');
  const template = `--output=jsonpath={range .items[*]}${line}{"\\n"}{end}`;
  const listed = await kubectl("get", [...wanted].join(","), "--all-namespaces", template);
  return listed
    .split("\n")
    .filter(Boolean)
    .flatMap((text) => {
      const [kind, namespace, name, release, owner] = text.split("|");
      if (owner) return [];
      return { object: `${kind}/${namespace}/${name}`, release: release ? `Release/${namespace}/${release}` : undefined };
    });
}
