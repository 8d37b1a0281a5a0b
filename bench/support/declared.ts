import { applications as declared } from "../../apps/index.ts";
import { readStackFile } from "../../cli/support/stack.ts";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { planStack } from "../../plan.ts";
import { identity, type Manifest, manifestsOf } from "../../tests/contract/support/manifests.ts";
import { recordPlan } from "../../tests/lib/stacks.ts";

/** What one more application makes of the stack `local`. */
export interface Declared {
  /** The objects of its namespace, which is the first. */
  readonly own: readonly Manifest[];
  /** The objects elsewhere that know of it, such as the gateway's routes. */
  readonly elsewhere: readonly Manifest[];
  /** The latter as they are without it. */
  readonly before: readonly Manifest[];
}

/** Registers the stack against mocks, without and with an application, and compares. */
export async function declare(application: ApplicationDeclaration): Promise<Declared> {
  const without = new Map((await objectsOf(declared)).map((object) => [identity(object), object]));
  const all = await objectsOf([...declared, application]);
  const isOwn = ({ kind, metadata }: Manifest) =>
    metadata.namespace === application.namespace || (kind === "Namespace" && metadata.name === application.namespace);
  const own = all.filter(isOwn).sort((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
  const elsewhere = all.filter((object) => !isOwn(object) && !isSame(object, without.get(identity(object))));
  const before = elsewhere.map((object) => {
    const found = without.get(identity(object));
    if (!found) throw new Error(`${identity(object)} would stay when the application is gone`);
    return found;
  });
  return { own, elsewhere, before };
}

async function objectsOf(applications: readonly ApplicationDeclaration[]): Promise<Manifest[]> {
  const plan = planStack(readStackFile("local"), "local", "file", applications);
  return manifestsOf(await recordPlan(plan, { stack: "local", autonames: true }));
}

const isSame = (one: Manifest, other: Manifest | undefined) => JSON.stringify(one) === JSON.stringify(other);
