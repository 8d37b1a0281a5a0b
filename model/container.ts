import { z } from "zod";
import { versionImage } from "./image.ts";
import { addIssue, argumentList, byName, integer, label, listOf, message, oneOf, strictObject, text } from "./rules.ts";

/*
 * What runs in a pod beside its image: what a process is given, whom it runs as, and what it may write to.
 */

const quantity = text(/^\d+(\.\d+)?(m|k|[MGTPE]i?|Ki)?$/, "a quantity such as 250m or 128Mi, as text");
const amounts = z.record(z.string(), quantity, message("a mapping of cpu, memory and the like to quantities"));

/** Of a core and of memory, for each container: what a node keeps for it, and what it gets at most. */
export const resources = strictObject({ limits: amounts.exactOptional(), requests: amounts.exactOptional() }).superRefine(
  ({ limits = {}, requests = {} }, ctx) => {
    for (const [name, request] of Object.entries(requests)) {
      const limit = limits[name];
      if (limit !== undefined && numberOf(request) > numberOf(limit))
        addIssue(ctx, ["requests", name], `at most its limit, ${limit}`, request);
    }
  },
);

const units: Readonly<Record<string, number>> = { "": 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };

/** A quantity as a number; not one where the text is no quantity, which is told elsewhere. */
function numberOf(amount: string): number {
  const [, digits = "", unit = "", binary] = /^([\d.]+)([a-zA-Z]?)(i?)$/.exec(amount) ?? [];
  return Number(digits || Number.NaN) * (binary ? 1_024 ** (" KMGTPE".indexOf(unit) || Number.NaN) : (units[unit] ?? Number.NaN));
}

const objectName = () => z.string(message("text"));

/** A key of a Secret in the application's namespace: a database's, or one that `external.secrets` names. */
const secretKey = strictObject({ secret: objectName(), key: objectName() });
/** A key of a ConfigMap in the application's namespace that `external.configMaps` names. */
const configMapKey = strictObject({ configMap: objectName(), key: objectName() });
/** A value of the stack's encrypted configuration, by its name under `mesh:secrets`. The program makes a Secret of it. */
const setting = strictObject({ setting: objectName() });

/** What a pod can tell a process of itself. */
export const podFields = [
  ...["metadata.name", "metadata.namespace", "metadata.uid"],
  ...["spec.nodeName", "spec.serviceAccountName", "status.podIP", "status.hostIP"],
] as const;
const podField = strictObject({ field: oneOf(podFields[0] as string, ...podFields.slice(1)) });

/** Variables that every process of a service is given. */
const givenVariables = ["PORT", "VERSION", "POD_NAME", "DRAIN_MS"];

const variable = text(
  new RegExp(`^(?!(${givenVariables.join("|")})$)[A-Za-z_]\\w*$`),
  `letters, digits and underscores, not beginning with a digit, and none of ${givenVariables.join(", ")}, which are given`,
);

/** Variables of a process. */
export const env = z.record(
  variable,
  z.union(
    [z.string(), secretKey, configMapKey, setting, podField],
    message("text, or a mapping with secret and key, configMap and key, setting, or field"),
  ),
  message("a mapping of variables"),
);
export type Environment = z.output<typeof env>;

export const filePath = text(
  /^(?!\/(proc|sys|dev)(\/|$))(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/,
  "the full path of a file outside /proc, /sys and /dev, in parts of letters, digits and . _ - alone",
);

/** A file of this repository, which becomes one of the container. */
const repositoryFile = strictObject({
  source: text(/^(?!.*\.\.)apps\/[\w./-]+$/, "the path of a file below apps/, such as apps/shop/settings.json"),
});

const files = z.record(
  filePath,
  z.union(
    [z.string(), repositoryFile, secretKey, configMapKey, setting],
    message("text, or a mapping with source, secret and key, configMap and key, or setting"),
  ),
  message("a mapping of paths to files"),
);
/** The files of a container by their paths, each as text or where it is. */
export type Files = z.output<typeof files>;
/** The same without those of this repository, which have been read. */
export type ReadFiles = Readonly<Record<string, Exclude<Files[string], z.output<typeof repositoryFile>>>>;

const size = text(/^[1-9]\d{0,4}(Mi|Gi)$/, "a size such as 64Mi or 1Gi");

/** The user of the proxy beside each container, whose connections pass by the mesh. */
const proxyUser = 1_337;
/** Any user but root; images need not know it. */
export const anyUser = 10_001;

const account = (what: string) =>
  integer(1, 2_147_483_647).refine(
    (id) => id !== proxyUser,
    message(`the number of a ${what} other than 0, which is root, and ${proxyUser}, which is the proxy's`),
  );

/** The secrets that a node needs to pull the images: a Secret of the namespace, or a value of the stack's configuration that becomes one. */
const pullSecret = z.union(
  [objectName(), setting],
  message("the name of a Secret that external.secrets has, or a mapping with setting"),
);

export const container = strictObject({
  /** Whom its processes run as; never root. */
  user: account("user").default(anyUser),
  /** @default the user's number */
  group: account("group").exactOptional(),
  /** Folders that can be written to, by their paths, and how much each may hold; what is in them goes with the pod. Nothing else can be. */
  scratch: z.record(filePath, size, message("a mapping of paths to sizes")).default({}),
  /** By their full paths. A change rolls the pods. */
  files: files.default({}),
  /** @default none: the images are public, or the nodes themselves may pull them */
  pullSecrets: listOf(pullSecret, "Secrets").default([]),
}).superRefine(({ scratch, files }, ctx) => {
  const paths = [...Object.keys(files), ...Object.keys(scratch)];
  for (const path of Object.keys(files)) {
    if (scratch[path] !== undefined) addIssue(ctx, ["files", path], "a path that is no scratch folder");
    const below = paths.find((other) => other.startsWith(`${path}/`));
    if (below !== undefined) addIssue(ctx, ["files", path], `the path of a file, which ${below} cannot be below`);
  }
  const held = Object.values(files).reduce((total, file) => total + (typeof file === "string" ? Buffer.byteLength(file) : 0), 0);
  if (held > mostText) addIssue(ctx, ["files"], `at most ${mostText} bytes of text`, held);
});

/** What is wrong with a folder that is mounted at a path beside what a container is given; undefined when it fits. */
export function folderProblem(path: string, { scratch, files }: Pick<z.output<typeof container>, "scratch" | "files">) {
  if (Object.hasOwn(scratch, path)) return "a path that is no scratch folder";
  const file = Object.keys(files).find((file) => path === file || path.startsWith(`${file}/`));
  return file === undefined ? undefined : `a path that is not that of the file ${file}, nor below it`;
}

/** How much text the files of one service may hold, in bytes: Kubernetes takes 1 MiB for one ConfigMap, with all that is about it. */
export const mostText = 1_000_000;

/** What runs to its end before the containers of a pod start, in the order in which it is declared; with their files and folders. */
const initContainer = strictObject({
  /** Parts of the service's image, or another one. @default the service's own */
  image: versionImage.exactOptional(),
  command: argumentList().exactOptional(),
  args: argumentList().exactOptional(),
  /** Besides the service's own, and before them. @default none */
  env: env.exactOptional(),
});
export const initContainers = byName(initContainer, "containers", label(40));

/** How the containers of a pod run. */
export interface Container<F = ReadFiles> extends Omit<z.output<typeof container>, "files" | "group"> {
  readonly group: number;
  readonly files: F;
}

export function containerOf({ group, ...given }: z.output<typeof container>): Container<Files> {
  return { ...given, group: group ?? given.user };
}
