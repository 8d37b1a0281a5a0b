import { z } from "zod";
import { isMapping } from "../lib/values.ts";
import {
  type ApplicationDeclaration,
  application,
  type DeclaredApplication,
  external,
  type WorkloadKind,
  workloadKinds,
  workloadSchemas,
} from "./application.ts";
import { type Problem, problemsOf } from "./checks/problems.ts";
import { message, strictObject } from "./rules.ts";

const unread = (what: string) => z.record(z.string(), z.unknown(), message(`a mapping of names to ${what}`)).default({});

/** An application without a look at its workloads, each of which is read by itself. */
const outline = strictObject({
  namespace: application.shape.namespace,
  external: application.shape.external,
  services: unread("services"),
  workers: unread("workers"),
  jobs: unread("jobs"),
  databases: unread("databases"),
  loadGenerators: unread("load generators"),
} satisfies Record<keyof typeof application.shape, z.ZodType>);

export interface ReadApplications {
  /** The applications with those of their workloads that are right by themselves. */
  readonly applications: readonly DeclaredApplication[];
  /** Names of all workloads, those too that are not right. */
  readonly named: readonly { readonly namespace: string; readonly name: string; readonly kind: WorkloadKind }[];
  readonly problems: readonly Problem[];
}

/**
 * Reads declarations, which may come from anywhere: `make up` does not ask the compiler. Of an application that is wrong, what is
 * right is read on, so that all problems are told at once.
 */
export function readApplications(declared: readonly ApplicationDeclaration[]): ReadApplications {
  const problems: Problem[] = [];
  const named: ReadApplications["named"][number][] = [];
  const applications = declared.flatMap((given: unknown, index): DeclaredApplication[] => {
    const { success, data, error } = outline.safeParse(given, { reportInput: true });
    const namespace = String((given as { namespace?: unknown } | null)?.namespace ?? `applications[${index}]`);
    if (!success) problems.push(...problemsOf(error.issues, namespace));
    const read = <K extends WorkloadKind>(kind: K) => {
      const members = Object.entries(data?.[kind] ?? sound(given, kind));
      return members.flatMap(([name, member]) => {
        named.push({ namespace, name, kind });
        const result = workloadSchemas[kind].safeParse(member, { reportInput: true });
        if (!result.success) problems.push(...problemsOf(result.error.issues, namespace, name));
        return result.success ? [{ ...(result.data as z.output<(typeof workloadSchemas)[K]>), name }] : [];
      });
    };
    const workloads = Object.fromEntries(workloadKinds.map((kind) => [kind, read(kind)]));
    return [{ namespace, external: data?.external ?? external.parse({}), ...workloads }] as unknown as DeclaredApplication[];
  });
  return { applications, named, problems };
}

function sound(given: unknown, kind: WorkloadKind): Readonly<Record<string, unknown>> {
  const members = (given as Readonly<Record<string, unknown>> | null)?.[kind];
  return isMapping(members) ? members : {};
}
