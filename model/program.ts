import type { z } from "zod";
import { call } from "./calls.ts";
import {
  type Container,
  container,
  containerOf,
  type Environment,
  env,
  type Files,
  initContainers,
  type ReadFiles,
  resources,
} from "./container.ts";
import { egress } from "./egress.ts";
import {
  imageOfVersion,
  requireWhole,
  type ServiceImage,
  type ServiceImageSource,
  serviceImage,
  sourceOf,
  versionImage,
} from "./image.ts";
import { addIssue, argumentList, listOf } from "./rules.ts";
import type { Storage } from "./storage.ts";

/*
 * What every workload of a team's own has: a program, how it runs, and whom it calls.
 */

export const programShape = {
  image: serviceImage,
  /** In place of the image's own entry point. @default the image's own */
  command: argumentList().exactOptional(),
  /** What it is started with. @default the image's own */
  args: argumentList().exactOptional(),
  /** How its containers run. @default as a user without any right, with nothing to write to */
  container: container.prefault({}),
  /** What runs to its end before it starts, in each pod, by name. @default nothing */
  initContainers: initContainers.default({}),
  /** @default 10m of a core and 64 MiB, at most half a core and 192 MiB */
  resources: resources.exactOptional(),
  /** Variables of the process, besides `POD_NAME`, `DRAIN_MS`, and of services `PORT` and `VERSION`. @default none */
  env: env.exactOptional(),
  /** The workloads that it calls. Nothing else may be called. @default none */
  calls: listOf(call, "calls").default([]),
  /** Hosts outside the cluster that it reaches, by names of its own. Nothing else can be reached. @default none */
  egress: egress.default({}),
} as const;
type GivenWorkload = { readonly [K in keyof typeof programShape]: z.output<(typeof programShape)[K]> };
type Given = Omit<GivenWorkload, "command" | "args" | "resources" | "env" | "calls" | "egress"> &
  Partial<Pick<GivenWorkload, "command" | "args" | "resources" | "env">>;

/** The same of one version: what it leaves out is as its service has it. */
export const versionShape = {
  /** Parts of the service's image, such as another tag; or another program. @default the service's own */
  image: versionImage.exactOptional(),
  /** @default the service's own */
  command: argumentList().exactOptional(),
  /** @default the service's own */
  args: argumentList().exactOptional(),
  /** Besides the service's own, and before them. @default none */
  env: env.exactOptional(),
  /** @default the service's own */
  resources: resources.exactOptional(),
} as const;
type GivenVersion = { readonly [K in keyof typeof versionShape]?: z.output<(typeof versionShape)[K]> };

/** What a container runs. */
export interface Program<S = ServiceImage> {
  readonly image: S;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly resources?: z.output<typeof resources>;
  readonly env: Environment;
}

/** What runs to its end before the containers of a pod start. */
export interface InitContainer<S = ServiceImage> extends Omit<Program<S>, "resources"> {
  readonly name: string;
}

/** What all pods of a workload have, whatever program they run. */
export interface PodSettings<S = ServiceImage, F = ReadFiles> {
  readonly container: Container<F>;
  readonly initContainers?: readonly InitContainer<S>[];
}

/** What runs, with all that a workload says for all of its versions. */
export function programOf(workload: Given, own: GivenVersion = {}): Program<ServiceImageSource> {
  const { command = workload.command, args = workload.args, resources = workload.resources } = own;
  return {
    image: imageOfVersion(workload.image, own.image),
    ...(command && { command }),
    ...(args && { args }),
    ...(resources && { resources }),
    env: { ...workload.env, ...own.env },
  };
}

/** What all its pods have. */
export function podSettingsOf(workload: Given): PodSettings<ServiceImageSource, Files> {
  return {
    container: containerOf(workload.container),
    initContainers: Object.entries(workload.initContainers).map(([name, { image, command, args, env }]) => ({
      ...{ name, image: imageOfVersion(workload.image, image), env: { ...workload.env, ...env } },
      ...(command && { command }),
      ...(args && { args }),
    })),
  };
}

const isProgram = (image: ServiceImageSource) => sourceOf(image) !== undefined;

const withProgram = "none with image.source, which is the program that runs";

/** Refuses a version or container that could not run, by what it says itself. */
export function requireRunnable(
  { image, command }: Pick<GivenVersion, "image" | "command">,
  program: ServiceImageSource,
  ctx: z.core.$RefinementCtx,
  at: readonly PropertyKey[],
): void {
  const isOurs = isProgram(program);
  if (image && !isOurs) requireWhole(program, ctx, [...at, "image"]);
  if (command && isOurs) addIssue(ctx, [...at, "command"], withProgram, command);
}

/** Folder of a program of this repository in its container. */
export const programFolder = "/app";

/**
 * Refuses what a workload says for all its pods and some of them could not run with.
 *
 * @param versions - those that do not say the same otherwise.
 */
export function requirePodsRunnable(
  workload: Given & { readonly storage?: Storage },
  ctx: z.core.$RefinementCtx,
  versions: readonly GivenVersion[] = [{}],
): void {
  const ofThem = versions.filter(({ command }) => !command).map(({ image }) => imageOfVersion(workload.image, image));
  if (workload.command && ofThem.some(isProgram)) addIssue(ctx, ["command"], withProgram, workload.command);
  for (const [name, own] of Object.entries(workload.initContainers)) {
    requireRunnable(own, imageOfVersion(workload.image, own.image), ctx, ["initContainers", name]);
  }
  const all = [...versions, ...Object.values(workload.initContainers)];
  if (!all.some(({ image }) => isProgram(imageOfVersion(workload.image, image)))) return;
  // It would hide the program, or could not be mounted beside it.
  const { container, storage = {} } = workload;
  const mounted = [
    ...Object.keys(container.scratch).map((path) => ["container", "scratch", path]),
    ...Object.keys(container.files).map((path) => ["container", "files", path]),
    ...Object.keys(storage).map((path) => ["storage", path]),
  ];
  for (const place of mounted) {
    const path = place.at(-1);
    if (path === programFolder || path?.startsWith(`${programFolder}/`))
      addIssue(ctx, place, `a path outside ${programFolder}, where the program of image.source is`);
  }
}
