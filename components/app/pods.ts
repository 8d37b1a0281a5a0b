import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Container as ContainerSettings, ReadFiles } from "../../model/container.ts";
import type { ServiceImage } from "../../model/image.ts";
import { type InitContainer, type Program, programFolder } from "../../model/program.ts";
import { type Storage, volumeOf } from "../../model/storage.ts";
import { restrictedContainer, restrictedPod } from "../support/restricted.ts";

/*
 * The pods of a workload: their containers, and the objects that these name.
 */

/** A text, a key of a Secret or ConfigMap in the same namespace, or what a pod knows of itself. */
export type EnvironmentValue =
  | pulumi.Input<string>
  | SecretKey
  | { readonly configMap: string; readonly key: string }
  | { readonly setting: string }
  | { readonly field: string };
export type Variables = Readonly<Record<string, EnvironmentValue>>;

export interface SecretKey {
  /** Name of the Secret. Where the program makes the Secret, its own output: then pods that name it wait for it. */
  readonly secret: pulumi.Input<string>;
  readonly key: string;
}

/** What a container runs. */
export interface ContainerProgram extends Pick<Program, "image" | "command" | "args"> {
  /** @default none */
  readonly env?: Variables;
}

/** Files by their paths: text, or where it is. */
export type MountedFiles = Readonly<Record<string, ReadFiles[string] | SecretKey>>;

export interface PodsArgs {
  readonly namespace: pulumi.Input<string>;
  readonly container: ContainerSettings<MountedFiles>;
  /** Folders whose volumes each pod claims, by their paths. @default none */
  readonly storage?: Storage;
  /** @default none */
  readonly initContainers?: readonly (Pick<InitContainer, "name"> & ContainerProgram)[];
  /** Values of the stack's configuration, by name. @default none */
  readonly settings?: Readonly<Record<string, pulumi.Input<string>>>;
  /** All that run in pods of this workload: what they name is made once. */
  readonly programs: readonly ContainerProgram[];
}

/** What containers of a workload have in common, as Kubernetes writes it. */
export interface Pods {
  /** A container that runs a program, with the workload's files and folders, and variables before its own. */
  container(name: string, program: ContainerProgram, variables?: readonly EnvVar[]): Container;
  /** A pod of an account that runs a program in a container, with what runs to its end first and the volumes of both. */
  spec(account: pulumi.Input<string>, program: ContainerProgram, container: Container): PodSpec;
}

type Container = k8s.types.input.core.v1.Container;
type PodSpec = k8s.types.input.core.v1.PodSpec;

export const defaultResources = { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } };

/** Variables that every process is given. */
export const podVariables: readonly EnvVar[] = [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];

type EnvVar = k8s.types.input.core.v1.EnvVar;
type Names = ReadonlyMap<string, pulumi.Output<string>>;

/** Makes the objects that pods of a workload name: each immutable, hence another one when its content changes, which rolls the pods. */
export function preparePods(name: string, args: PodsArgs, opts: pulumi.CustomResourceOptions): Pods {
  const { namespace, container: shared, storage, initContainers = [], settings = {} } = args;
  const { user, group, scratch, files, pullSecrets } = shared;
  const runs = [...initContainers, ...args.programs];
  const programs = programMaps(name, runs, namespace, opts);
  const secret = settingsSecret(`${name}-settings`, settingsOf(runs, files), settings, namespace, opts);
  const texts = textsMap(`${name}-files`, files, namespace, opts);
  const logins = pullSecrets.map((login, index) =>
    // By its place, as a setting's name may be none of Kubernetes.
    typeof login === "string"
      ? login
      : loginSecret(numbered(`${name}-login`, index), settings[login.setting] ?? "", namespace, opts),
  );

  const folders = Object.entries(scratch).map(([path, sizeLimit], index) => ({ path, name: `scratch-${index}`, sizeLimit }));
  const mounted = Object.entries(files).map(([path, file], index) => ({ path, name: `file-${index}`, index, file }));
  const mounts = [
    ...Object.keys(storage ?? {}).map((path) => ({ name: volumeOf(path), mountPath: path })),
    ...folders.map((folder) => ({ name: folder.name, mountPath: folder.path })),
    ...mounted.map(({ name, path, index, file }) => {
      const key = typeof file === "string" ? keyOf(index) : "setting" in file ? file.setting : file.key;
      return { name: typeof file === "string" ? "files" : name, mountPath: path, subPath: key, readOnly: true };
    }),
  ];
  const sources = mounted.flatMap(({ name, file }): k8s.types.input.core.v1.Volume[] => {
    if (typeof file === "string") return [];
    if ("configMap" in file) return [{ name, configMap: { name: file.configMap } }];
    return [{ name, secret: { secretName: "secret" in file ? file.secret : (secret ?? "") } }];
  });

  const containerOf = (
    containerName: string,
    { image, command, args, env = {} }: ContainerProgram,
    volume: string,
    variables: readonly EnvVar[] = [],
  ) => {
    const ofProgram = image.program && [{ name: volume, mountPath: programFolder, readOnly: true }];
    const entryPoint = image.program ? ["node", `${programFolder}/${image.program.file}`] : command;
    const volumeMounts = [...(ofProgram ?? []), ...mounts];
    const own = Object.entries(env).map(([variable, value]) => variableOf(variable, value, secret));
    return {
      name: containerName,
      image: image.reference,
      imagePullPolicy: "IfNotPresent",
      ...(entryPoint && { command: [...entryPoint] }),
      ...(args && { args: [...args] }),
      ...(variables.length + own.length > 0 && { env: [...variables, ...own] }),
      ...(volumeMounts.length > 0 && { volumeMounts }),
      securityContext: restrictedContainer,
    };
  };

  /** Each container's program is a volume of its own: those before the service's may run others, or it none. */
  const programVolume = (volume: string, { image: { program } }: ContainerProgram): k8s.types.input.core.v1.Volume[] =>
    program ? [{ name: volume, configMap: { name: programs.get(program.content) ?? "" } }] : [];

  const first = initContainers.map((init) => ({
    ...containerOf(init.name, init, initVolume(init)),
    resources: defaultResources,
  }));
  const volumesOf = (program: ContainerProgram) => [
    ...programVolume("program", program),
    ...initContainers.flatMap((init) => programVolume(initVolume(init), init)),
    ...folders.map((folder) => ({ name: folder.name, emptyDir: { sizeLimit: folder.sizeLimit } })),
    ...(texts ? [{ name: "files", configMap: { name: texts } }] : []),
    ...sources,
  ];

  return {
    container: (containerName, program, variables) => containerOf(containerName, program, "program", variables),
    spec: (account, program, container) => {
      const volumes = volumesOf(program);
      return {
        serviceAccountName: account,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // Not every storage lets a group in by itself; where it had to be done once, it is not done at each start.
        securityContext: {
          ...restrictedPod(user, group),
          ...(storage && { fsGroup: group, fsGroupChangePolicy: "OnRootMismatch" }),
        },
        ...(logins.length > 0 && { imagePullSecrets: logins.map((login) => ({ name: login })) }),
        ...(first.length > 0 && { initContainers: first }),
        containers: [container],
        ...(volumes.length > 0 && { volumes }),
      };
    },
  };
}

const keyOf = (index: number) => `file-${index}`;
const initVolume = ({ name }: Pick<InitContainer, "name">) => `program-of-${name}`;
/** The names of several of a kind: only from the second on they have a number. */
const numbered = (name: string, index: number) => (index === 0 ? name : `${name}-${index + 1}`);

/** The ConfigMaps of programs of this repository, one for all that run the same, by their content. */
function programMaps(
  name: string,
  runs: readonly ContainerProgram[],
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): Names {
  const distinct = new Map(runs.flatMap(({ image: { program } }) => (program ? [[program.content, program] as const] : [])));
  const entries = [...distinct.values()].map(({ file, content }: NonNullable<ServiceImage["program"]>, index) => {
    // A module, as the file's name alone does not tell.
    const data = { [file]: content, "package.json": '{"type":"module"}' };
    return [content, configMap(numbered(`${name}-program`, index), data, namespace, opts)] as const;
  });
  return new Map(entries);
}

function configMap(
  name: string,
  data: Record<string, string>,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
) {
  return new k8s.core.v1.ConfigMap(name, { metadata: { namespace }, immutable: true, data }, opts).metadata.name;
}

/** The files that are text; undefined where none is. */
function textsMap(name: string, files: MountedFiles, namespace: pulumi.Input<string>, opts: pulumi.CustomResourceOptions) {
  const texts = Object.values(files).flatMap((file, index) => (typeof file === "string" ? [[keyOf(index), file]] : []));
  return texts.length > 0 ? configMap(name, Object.fromEntries(texts) as Record<string, string>, namespace, opts) : undefined;
}

/** Which values of the stack's configuration variables and files have. */
function settingsOf(runs: readonly ContainerProgram[], files: MountedFiles): string[] {
  const values = [...runs.flatMap(({ env = {} }) => Object.values(env)), ...Object.values(files)];
  const named = values.flatMap((value) => (typeof value === "object" && "setting" in value ? [value.setting] : []));
  return [...new Set(named)];
}

function settingsSecret(
  name: string,
  names: readonly string[],
  settings: Readonly<Record<string, pulumi.Input<string>>>,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
) {
  if (names.length === 0) return undefined;
  const stringData = Object.fromEntries(names.map((setting) => [setting, pulumi.secret(settings[setting] ?? "")]));
  return new k8s.core.v1.Secret(name, { metadata: { namespace }, immutable: true, stringData }, opts).metadata.name;
}

/** What nodes show a registry: a file such as `docker login` writes. */
function loginSecret(
  name: string,
  login: pulumi.Input<string>,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
) {
  const type = "kubernetes.io/dockerconfigjson";
  const stringData = { ".dockerconfigjson": pulumi.secret(login) };
  return new k8s.core.v1.Secret(name, { metadata: { namespace }, type, immutable: true, stringData }, opts).metadata.name;
}

function variableOf(name: string, value: EnvironmentValue, settings: pulumi.Input<string> | undefined): EnvVar {
  if (isText(value)) return { name, value };
  if ("secret" in value) return { name, valueFrom: { secretKeyRef: { name: value.secret, key: value.key } } };
  if ("configMap" in value) return { name, valueFrom: { configMapKeyRef: { name: value.configMap, key: value.key } } };
  if ("field" in value) return { name, valueFrom: { fieldRef: { fieldPath: value.field } } };
  return { name, valueFrom: { secretKeyRef: { name: settings ?? "", key: value.setting } } };
}

function isText(value: EnvironmentValue): value is pulumi.Input<string> {
  return typeof value === "string" || pulumi.Output.isInstance(value) || value instanceof Promise;
}
