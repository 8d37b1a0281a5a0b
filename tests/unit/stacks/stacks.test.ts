import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { applications } from "../../../apps/index.ts";
import { readStackFile } from "../../../cli/support/stack.ts";
import { cacheDir, projectDir } from "../../../lib/paths.ts";
import { at, type Inputs, type Recording } from "../../lib/mocks.ts";
import { recordStack } from "../../lib/stacks.ts";

const recordings = new Map<string, Recording>();

/** Everything a stack registers as its file is, recorded once. */
async function recorded(stack: string): Promise<Recording> {
  const recording = recordings.get(stack) ?? (await recordStack(stack));
  recordings.set(stack, recording);
  return recording;
}

/*
 * The whole registered set of each stack, one file for each component below registered/<stack>/. `UPDATE=1 make unit T=stacks` writes
 * them, and `git diff` shows what a change registers otherwise.
 */
test.each(["local", "dev", "eks"])("the whole registered set of stack %s is as it was reviewed", async (stack) => {
  const whole = await registeredSet(stack);
  const shown = stack === "local" ? whole : differencesFrom(await registeredSet("local"), whole);
  const folder = join(projectDir, "tests/unit/stacks/registered", stack);
  const texts = Object.entries(byComponent(shown)).map(([component, part]): [string, string] => [
    `${component}.yaml`,
    stringify(part, { lineWidth: 0, aliasDuplicateObjects: false }),
  ]);
  if (process.env.UPDATE) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of texts) writeFileSync(join(folder, file), text);
  }
  const reviewed = readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]);
  expect(Object.fromEntries(texts)).toEqual(Object.fromEntries(reviewed));
});

test("`local` and `dev` differ in their sources, in their cluster's name, and in what gateways demand", () => {
  const [local, dev] = ["local", "dev"].map((stack) => readStackFile(stack));
  const cluster = { ...JSON.parse(dev?.["mesh:cluster"] ?? ""), name: "mesh-demo" };
  const { product, prod, load } = JSON.parse(dev?.["mesh:apps"] ?? "");
  const { frontend, backend, database } = prod;
  const { exposed: _exposed, ...undemanding } = backend;
  const apps = {
    product: { product: { ...product.product, exposed: { products: { policies: {} } } } },
    prod: { frontend, backend: undemanding, database },
    load,
  };
  const alike = {
    "mesh:sources": "built",
    "mesh:cluster": JSON.stringify(cluster),
    "mesh:apps": JSON.stringify(apps),
  };
  expect({ ...dev, ...alike }).toEqual(local);
});

test.each(["dev", "eks"])(
  "stack %s shows what Kong does: a limit, and a key, which neither the first URL nor the page needs",
  async (stack) => {
    const { all } = await recorded(stack);
    const plugins = all("kubernetes:configuration.konghq.com/v1:KongPlugin").map(({ inputs }) =>
      at<string>(inputs, "metadata.name"),
    );
    expect(plugins).toEqual(
      expect.arrayContaining(["product.products.rate-limiting", "backend.api.rate-limiting", "backend.api.key-auth"]),
    );
    const asking = plugins.filter((name) => /\.(key-auth|jwt)$/.test(name));
    expect(asking.filter((name) => /^(product|frontend)\./.test(name))).toEqual([]);
    expect(all("kubernetes:configuration.konghq.com/v1:KongConsumer").map(({ inputs }) => inputs.username)).toEqual(["partner"]);
  },
);

test("while the pods of a service never become ready, what gateways demand of all is put right, and paths to others are", async () => {
  const deployment = ["kubernetes:apps/v1:Deployment", "prod-backend-v1"] as const;
  const { all, waits } = await recordStack("dev", {}, { slow: deployment.join(" ") });
  const kong = "kubernetes:configuration.konghq.com/v1";
  const demands = [`${kong}:KongPlugin`, `${kong}:KongConsumer`, "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter"];
  const rules = ["security.istio.io/v1:AuthorizationPolicy", "networking.istio.io/v1:VirtualService"].map(
    (type) => `kubernetes:${type}`,
  );
  for (const type of [...demands, ...rules]) {
    expect(all(type)).not.toEqual([]);
    const waiting = all(type).filter(({ name }) => waits([type, name], deployment));
    expect(waiting.filter(({ name }) => !/^prod-backend[-.]/.test(name))).toEqual([]);
  }
  const ingress = "kubernetes:networking.k8s.io/v1:Ingress";
  const waiting = all(ingress).filter(({ name }) => waits([ingress, name], deployment));
  const names = ["api", "events"].flatMap((exposure) => [exposure, `${exposure}.https`]);
  expect(waiting.map(({ name }) => name).sort()).toEqual(names.map((name) => `kong-routes-prod-backend.${name}`));
  expect(all(ingress).length).toBeGreaterThan(waiting.length);
});

test("no namespace is registered that does not hold its pods to a standard", async () => {
  const { all } = await recorded("local");
  const standards = all("kubernetes:core/v1:Namespace").map(({ inputs }) => {
    const { name, labels } = at<{ name: string; labels: Record<string, string> }>(inputs, "metadata");
    return [name, labels["pod-security.kubernetes.io/enforce"]];
  });
  expect(standards.map(([name]) => name)).toEqual(expect.arrayContaining(["istio-system", "istio-ingress", "product", "prod"]));
  expect(standards.filter(([, standard]) => standard !== "restricted")).toEqual([["istio-cni", "privileged"]]);
});

test("a copy more of the product service touches its Deployment and nothing else", async () => {
  const registered = async (replicas: number) => {
    const { resources } = await recordStack("local", { "mesh:apps": { product: { product: { replicas } } } });
    return new Map(resources.map((resource) => [key(resource), JSON.stringify(resource.inputs)]));
  };
  const [three, four] = [await registered(3), await registered(4)];
  const changed = [...three].filter(([id, inputs]) => inputs !== four.get(id));
  expect(four.size).toBe(three.size);
  expect(changed.map(([id]) => id)).toEqual(["kubernetes:apps/v1:Deployment product-product-v1"]);
});

test("the word `local` opens the secrets of stack `local`, so a run never edits its file", () => {
  const { encryptionsalt } = parse(readFileSync("Pulumi.local.yaml", "utf8")) as { encryptionsalt: string };
  const [, salt = "", , nonce = "", sealed = ""] = encryptionsalt.split(":");
  const secret = pbkdf2Sync("local", Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", secret, Buffer.from(nonce, "base64")).setAuthTag(bytes.subarray(-16));
  expect(decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8")).toBe("pulumi");
});

/** Every resource of a stack by type and name, sorted, with its inputs. */
async function registeredSet(stack: string): Promise<Record<string, Inputs>> {
  const { resources } = await recorded(stack);
  const sorted = resources
    .map((resource): [string, Inputs] => [key(resource), resource.inputs])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  expect(new Set(sorted.map(([id]) => id)).size).toBe(sorted.length);
  const text = JSON.stringify(Object.fromEntries(sorted), (_key, value: unknown) =>
    typeof value === "string" && value.length > 20_000
      ? `<program of ${Math.ceil(value.length / 50_000) * 50} kB at most>`
      : value,
  );
  return JSON.parse(withoutKeys(text)) as Record<string, Inputs>;
}

/** Of a stack's set what differs from that of `local`; of what is on `local` alone the names. */
function differencesFrom(local: Record<string, Inputs>, whole: Record<string, Inputs>): Record<string, unknown> {
  const shown = Object.entries(whole).map(([id, inputs]) => [id, id in local ? difference(local[id], inputs) : inputs]);
  const missing = Object.keys(local).filter((id) => !(id in whole));
  return { ...Object.fromEntries(shown), ...Object.fromEntries(missing.map((id) => [id, "on local alone"])) };
}

/** Which component a resource is of, by the beginning of its name. */
const components: readonly [component: string, names: RegExp][] = [
  ...applications.map(({ namespace }): [string, RegExp] => [`app-${namespace}`, new RegExp(`^${namespace}(-|$)`)]),
  ["mesh", /^(istio|istiod)(-base|-cni|-strict|-upgrades)?$/],
  ["gateway-istio", /^(ingress|istio-network|policies|routes)(-|$)/],
  ["gateway-kong", /^kong(-|\.|$)/],
  ["certificates", /^(certificates|cert-manager)(-|$)/],
  ["cluster", /./],
];

/** The resources of each component. */
function byComponent(set: Record<string, unknown>): Record<string, Record<string, unknown>> {
  const parts: Record<string, Record<string, unknown>> = {};
  for (const [id, inputs] of Object.entries(set)) {
    const name = id.slice(id.indexOf(" ") + 1);
    const [component = ""] = components.find(([, names]) => names.test(name)) ?? [];
    parts[component] = { ...parts[component], [id]: inputs };
  }
  return parts;
}

/** Of a value what is not the same in another one; in its place the words that all of it is. */
function difference(base: unknown, value: unknown): unknown {
  if (JSON.stringify(base) === JSON.stringify(value)) return "as on local";
  if (!isObject(base) || !isObject(value) || Array.isArray(base) !== Array.isArray(value)) return value;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(value)])];
  const changed = keys.filter((name) => JSON.stringify(base[name]) !== JSON.stringify(value[name]));
  return Object.fromEntries(changed.map((name) => [name, name in value ? difference(base[name], value[name]) : "not there"]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function key({ type, name }: { type: string; name: string }): string {
  return `${type} ${name}`;
}

/** Keys of content change with every edit of what they are made from, and paths with the machine; the rest is reviewed. */
function withoutKeys(json: string): string {
  return json.replaceAll(cacheDir, "<cache>").replaceAll(/-[0-9a-f]{12}\b/g, "-<key>");
}
