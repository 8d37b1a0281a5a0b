import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import { cacheDir } from "../../../cli/support/paths.ts";
import { at } from "../../support/mocks.ts";
import { recordStack, stackConfig } from "../../support/stacks.ts";

test.each(["local", "dev"])("the whole of stack %s", async (stack) => {
  const { resources } = await recordStack(stack);
  const listed = [...resources]
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map(({ type, name, inputs }) => ({ [`${type} ${name}`]: inputs }));
  const source = readFileSync("apps/services/product/server.ts", "utf8");
  const text = JSON.stringify(listed, (_key, value: unknown) => (value === source ? "<apps/services/product/server.ts>" : value));
  expect(JSON.parse(withoutKeys(text))).toMatchSnapshot();
});

test("`local` and `dev` differ in their sources and their cluster's name alone", () => {
  const [local, dev] = [stackConfig("local"), stackConfig("dev")];
  expect({ ...dev, sources: "built", cluster: { ...dev.cluster, name: "mesh-demo" } }).toEqual(local);
});

test("no namespace is registered that does not hold its pods to a standard", async () => {
  const { all } = await recordStack("local");
  const standards = all("kubernetes:core/v1:Namespace").map(({ inputs }) => {
    const { name, labels } = at<{ name: string; labels: Record<string, string> }>(inputs, "metadata");
    return [name, labels["pod-security.kubernetes.io/enforce"]];
  });
  expect(Object.fromEntries(standards)).toEqual({
    "istio-system": "restricted",
    "istio-cni": "privileged",
    "istio-ingress": "restricted",
    product: "restricted",
  });
});

test("a copy more of the product service touches its Deployment and nothing else", async () => {
  const registered = async (replicas: number) => {
    const { resources } = await recordStack("local", { "mesh:product": { replicas } });
    return new Map(resources.map((resource) => [key(resource), JSON.stringify(resource.inputs)]));
  };
  const [three, four] = [await registered(3), await registered(4)];
  const changed = [...three].filter(([id, inputs]) => inputs !== four.get(id));
  expect(four.size).toBe(three.size);
  expect(changed.map(([id]) => id)).toEqual(["kubernetes:apps/v1:Deployment product-v1"]);
});

test("the word `local` opens the secrets of stack `local`, so a run never edits its file", () => {
  const { encryptionsalt } = parse(readFileSync("Pulumi.local.yaml", "utf8")) as { encryptionsalt: string };
  const [, salt = "", , nonce = "", sealed = ""] = encryptionsalt.split(":");
  const secret = pbkdf2Sync("local", Buffer.from(salt, "base64"), 1_000_000, 32, "sha256");
  const bytes = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", secret, Buffer.from(nonce, "base64")).setAuthTag(bytes.subarray(-16));
  expect(decipher.update(bytes.subarray(0, -16), undefined, "utf8") + decipher.final("utf8")).toBe("pulumi");
});

function key({ type, name }: { type: string; name: string }): string {
  return `${type} ${name}`;
}

/** Keys of content change with every edit of what they are made from, and paths with the machine; the rest is reviewed. */
function withoutKeys(json: string): string {
  return json.replaceAll(cacheDir, "<cache>").replaceAll(/-[0-9a-f]{12}\b/g, "-<key>");
}
