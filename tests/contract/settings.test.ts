import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toolchainBin } from "../../airgap/names.ts";
import { UserError } from "../../lib/errors.ts";
import { attempt } from "../../lib/process.ts";
import { acceptedOf, type Settings, samplesOf } from "../lib/sampledSettings.ts";
import { stackConfig } from "../lib/stacks.ts";
import { ControlPlane } from "./support/controlPlane.ts";
import { installDefinitions } from "./support/definitions.ts";
import { contentsOf, type Manifest } from "./support/manifests.ts";

/*
 * Whatever the rules of settings take, those who read it take as well: the ends of each option's range, odd spellings and anything
 * between are made into a platform's objects, and these are given to an API server, which has Istio's and Kong's schemas, and to
 * Istio's own validation, which knows more than a schema can say.
 */
const stack = "dev";
const accepted = acceptedOf(accepts);
const samples = samplesOf(accepted, accepts);
let objects: Manifest[];
let plane: ControlPlane;

beforeAll(async () => {
  objects = await objectsOf(samples);
  plane = await ControlPlane.start();
  await installDefinitions(plane);
  // The program runs once for each of some dozens of configurations.
}, 15 * 60_000);

afterAll(() => plane?.stop());

test("the ends of what is allowed are among what is tried", () => {
  expect(accepted["apps.product.product.resilience.timeout"]).toEqual(expect.arrayContaining(["1ms", "1440m", "1.005m"]));
  expect(accepted["apps.product.product.exposed.products.policies.cors.maxAge"]).toEqual(expect.arrayContaining(["1s", "1440m"]));
  expect(accepted["apps.product.product.resilience.retries.on"]).toEqual(expect.arrayContaining(["5xx", "418", "503"]));
  expect(accepted["apps.product.product.exposed.products.policies.addresses.deny"]).toEqual(
    expect.arrayContaining([["0.0.0.0/0"], ["::1/128"]]),
  );
  for (const values of Object.values(accepted)) expect(values.length).toBeGreaterThan(1);
  expect(objects.length).toBeGreaterThan(samples.length);
});

test("the API server takes what becomes of every setting that is accepted", async () => {
  expect(await plane.refusals(objects)).toEqual([]);
});

test("Istio's validation takes what becomes of every setting that is accepted", async () => {
  expect(await istioProblems(objects)).toBe("");
  const [rule] = objects.filter(({ kind }) => kind === "DestinationRule");
  const broken = { ...rule, spec: { host: "a.b", trafficPolicy: { outlierDetection: { interval: "0.0015s" } } } };
  expect(await istioProblems([broken as unknown as Manifest])).toMatch(/only durations to ms precision are supported/);
});

function accepts(settings: Settings): boolean {
  try {
    stackConfig(stack, settings);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** What one sample makes that none before it does goes by another name, so that all can be in one cluster; namespaces hold the others. */
async function objectsOf(all: readonly Settings[]): Promise<Manifest[]> {
  const known = new Set<string>();
  const found: Manifest[] = [];
  for (const [index, settings] of all.entries()) {
    for (const object of (await contentsOf(stack, settings)).objects) {
      const text = JSON.stringify(object);
      if (known.has(text)) continue;
      known.add(text);
      const { metadata } = object;
      found.push(
        index === 0 || object.kind === "Namespace"
          ? object
          : { ...object, metadata: { ...metadata, name: `${metadata.name}-s${index}` } },
      );
    }
  }
  return found;
}

/** What `istioctl validate` says against objects. */
async function istioProblems(all: readonly Manifest[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "validate-"));
  try {
    const file = join(folder, "objects.yaml");
    const ofIstio = all.filter(({ apiVersion }) => apiVersion.includes("istio.io/"));
    await writeFile(file, ofIstio.map((object) => JSON.stringify(object)).join("\n---\n"));
    const { ok, all: said } = await attempt(join(toolchainBin("tools"), "istioctl"), ["validate", "--filename", file], {
      timeout: 60_000,
    });
    return ok ? "" : said;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
