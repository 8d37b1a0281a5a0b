import { applications as declared } from "../../apps/index.ts";
import { readStackFile } from "../../cli/support/stack.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { planStack } from "../../plan.ts";
import { identity, type Manifest, manifestsOf } from "../contract/support/manifests.ts";
import { recordPlan } from "./stacks.ts";

/** What further applications make of the stack `local`. */
export interface Declared {
  /** The objects of their namespaces, which are the first. */
  readonly own: readonly Manifest[];
  /** The objects elsewhere that know of them, such as the gateway's routes. */
  readonly elsewhere: readonly Manifest[];
  /** The latter as they are without them; those that are not there then are missing. */
  readonly before: readonly Manifest[];
}

/**
 * Registers the stack against mocks, without and with some applications, and compares.
 *
 * @param settings - keys of the stack's file that are other than they are there. @default none
 */
export async function declare(
  applications: readonly ApplicationDeclaration[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Declared> {
  const without = new Map((await objectsOf(declared)).map((object) => [identity(object), object]));
  const all = await objectsOf([...declared, ...applications], settings);
  const namespaces = applications.map(({ namespace }) => namespace);
  const isOwn = ({ kind, metadata: { name, namespace = "" } }: Manifest) =>
    namespaces.includes(kind === "Namespace" ? name : namespace);
  const own = all.filter(isOwn).sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
  const elsewhere = all.filter((object) => !isOwn(object) && !isSame(object, without.get(identity(object))));
  const before = elsewhere.flatMap((object) => without.get(identity(object)) ?? []);
  return { own, elsewhere, before };
}

async function objectsOf(
  applications: readonly ApplicationDeclaration[],
  settings: Readonly<Record<string, string>> = {},
): Promise<Manifest[]> {
  const plan = planStack({ ...readStackFile("local"), ...settings }, "local", "pulumi", applications);
  return manifestsOf(await recordPlan(plan, { stack: "local", autonames: true }));
}

const isSame = (one: Manifest, other: Manifest | undefined) => JSON.stringify(one) === JSON.stringify(other);
