import { createVerify, sign } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { KongRoutes } from "../../../../../components/gateway/kong/KongRoutes.ts";
import type { JsonWebKey } from "../../../../../model/jsonWebKey.ts";
import { at, record } from "../../../../lib/mocks.ts";
import { curve, jwk, keys, oneHost, recordTable, route, rsa, tokens, types } from "../../../support/kong.ts";

describe("a consumer", () => {
  const orders = { ...route({ name: "orders", path: "/api/orders" }) };
  const password = "random:index/randomPassword:RandomPassword";
  const outputs = { [password]: (name: string) => ({ result: `the password of ${name}` }) };
  const table = () =>
    recordTable([route({ policies: keys("partner", "auditor") }), { ...orders, policies: keys("partner") }], { outputs });

  test("has one key, generated, in a Secret that Kong's controller takes for a key", async () => {
    const { inputs, all } = await table();
    expect(all(password).map(({ name }) => name)).toEqual(["table-partner", "table-auditor"]);
    expect(inputs(password, "table-partner")).toMatchObject({ length: 32, special: false });
    expect(inputs(types.secret, "table-partner.key")).toMatchObject({
      metadata: { name: "partner.key", namespace: "kong", labels: { "konghq.com/credential": "key-auth" } },
      stringData: { value: { key: "the password of table-partner" } },
    });
    expect(inputs(types.secret, "table-auditor.key")).toMatchObject({
      stringData: { value: { key: "the password of table-auditor" } },
    });
  });

  test("is let in by the services that name it, and no other: who is named no more is refused by a change of the service's plugin", async () => {
    const { inputs, all, waits } = await table();
    expect(inputs(types.consumer, "table-partner")).toMatchObject({
      metadata: { name: "partner", namespace: "kong", annotations: { "kubernetes.io/ingress.class": "kong" } },
      username: "partner",
      credentials: ["partner.key", "partner.acl"],
    });
    expect(inputs(types.consumer, "table-auditor")).toMatchObject({ credentials: ["auditor.key", "auditor.acl"] });
    expect(all(types.secret)).toHaveLength(4);
    expect(inputs(types.secret, "table-auditor.acl")).toMatchObject({
      metadata: { namespace: "kong", labels: { "konghq.com/credential": "acl" } },
      stringData: { value: { group: "auditor" } },
    });
    expect(waits([types.consumer, "table-partner"], [types.secret, "table-partner.acl"])).toBe(true);
    const letIn = (service: string) => at(inputs(types.plugin, `table-team-${service}.api.acl`), "config.allow");
    expect([letIn("product"), letIn("orders")]).toEqual([["partner", "auditor"], ["partner"]]);
  });

  test("has its key as an output, which is secret", async () => {
    let given: Readonly<Record<string, pulumi.Output<string>>> = {};
    await record(() => {
      given = new KongRoutes("table", { namespace: "kong", routes: [route({ policies: keys("partner") })], tls: oneHost }).keys;
    });
    expect(Object.keys(given)).toEqual(["partner"]);
    expect(await pulumi.isSecret(given.partner as pulumi.Output<string>)).toBe(true);
  });
});

describe("an issuer of tokens", () => {
  const credentialOf = async (key: JsonWebKey) => {
    const { all } = await recordTable([route({ policies: tokens("https://issuer.example.com", key) })]);
    const [secret] = all(types.secret).filter(({ name }) => name.endsWith(".jwt"));
    return { metadata: secret?.inputs.metadata, data: at<Record<string, string>>(secret?.inputs, "stringData.value") };
  };

  test.each<[string, JsonWebKey]>([
    ["RS256", jwk(rsa)],
    ["PS384", jwk(rsa, { alg: "PS384" })],
    ["ES256", jwk(curve("P-256"))],
    ["ES384", jwk(curve("P-384"))],
    ["ES512", jwk(curve("P-521"), { alg: "ES512" })],
  ])("signs with %s as its key tells", async (algorithm, key) => {
    const { metadata, data } = await credentialOf(key);
    expect(metadata).toMatchObject({ namespace: "kong", labels: { "konghq.com/credential": "jwt" } });
    expect(data).toMatchObject({ key: "https://issuer.example.com", algorithm });
  });

  test("is known by a public key that verifies what its private one signed", async () => {
    const { data } = await credentialOf(jwk(rsa));
    const signature = sign("sha256", Buffer.from("token"), rsa.privateKey);
    expect(createVerify("sha256").update("token").verify(String(data.rsa_public_key), signature)).toBe(true);
    expect(String(data.rsa_public_key)).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  test("is known once, whichever services trust it, and for those alone", async () => {
    const { all, inputs } = await recordTable([
      route({ policies: tokens() }),
      route({ name: "orders", policies: tokens() }),
      route({ name: "others", policies: tokens("https://other.example.com", jwk(curve("P-256"))) }),
    ]);
    const consumers = all(types.consumer).map(
      ({ inputs }) => inputs as { username: string; custom_id: string; credentials: string[] },
    );
    expect(consumers.map(({ custom_id }) => custom_id)).toEqual(["https://issuer.example.com", "https://other.example.com"]);
    const [first = "", other = ""] = consumers.map(({ username }) => username);
    expect([first, other].every((name) => /^issuer\.[0-9a-f]{10}$/.test(name))).toBe(true);
    expect(consumers.map(({ credentials }) => credentials)).toEqual([first, other].map((name) => [`${name}.jwt`, `${name}.acl`]));
    const letIn = (service: string) => at(inputs(types.plugin, `table-team-${service}.api.acl`), "config.allow");
    expect(["product", "orders", "others"].map(letIn)).toEqual([[first], [first], [other]]);
  });

  test("has each of several keys under its kid, and the first under its own name, while they come and go", async () => {
    const [old, next] = [jwk(rsa, { kid: "old" }), jwk(curve("P-256"), { kid: "new" })];
    const known = async (...keys: JsonWebKey[]) => {
      const { all } = await recordTable([route({ policies: { jwt: { issuer: "https://issuer.example.com", keys } } })]);
      const secrets = all(types.secret).filter(({ name }) => name.includes(".jwt"));
      const [consumer] = all(types.consumer).map(({ inputs }) => inputs.credentials as string[]);
      expect(consumer).toEqual(expect.arrayContaining(secrets.map(({ inputs }) => at(inputs, "metadata.name"))));
      const given = secrets.map(({ inputs }) => at<Record<string, string>>(inputs, "stringData.value"));
      return Object.fromEntries(given.map(({ key, algorithm }) => [key, algorithm]));
    };
    expect(await known(old)).toEqual({ "https://issuer.example.com": "RS256" });
    expect(await known(old, next)).toEqual({ "https://issuer.example.com": "RS256", old: "RS256", new: "ES256" });
    expect(await known(next)).toEqual({ "https://issuer.example.com": "ES256" });
  });
});
