import { describe, expect, test } from "vitest";
import { verifyToken } from "../../../../../components/gateway/kong/tokenFunction.ts";
import type { RoutePolicies } from "../../../../../model/policies.ts";
import { at, type Recording } from "../../../../lib/mocks.ts";
import { curve, jwk, keys, recordTable, route, rsa, tokens, types } from "../../../support/kong.ts";

describe("a policy", () => {
  const pluginsOf = (table: Recording) =>
    Object.fromEntries(table.all(types.plugin).map(({ inputs }) => [inputs.plugin as string, inputs.config]));

  test.each<[string, RoutePolicies, Record<string, object>]>([
    [
      "rateLimit for everyone together",
      { rateLimit: { requests: 5, per: "minute" } },
      { "rate-limiting": { minute: 5, limit_by: "service", policy: "local", hide_client_headers: false } },
    ],
    [
      "rateLimit for each address",
      { rateLimit: { requests: 5, per: "second", by: "address" } },
      { "rate-limiting": { second: 5, limit_by: "ip", policy: "local", hide_client_headers: false } },
    ],
    [
      "maxBodyBytes, to the byte",
      { maxBodyBytes: 1_000_001 },
      { "request-size-limiting": { allowed_payload_size: 1_000_001, size_unit: "bytes", require_content_length: false } },
    ],
    ["addresses that are let in", { addresses: { allow: ["10.0.0.0/8"] } }, { "ip-restriction": { allow: ["10.0.0.0/8"] } }],
    ["addresses that are not", { addresses: { deny: ["10.1.2.3/32"] } }, { "ip-restriction": { deny: ["10.1.2.3/32"] } }],
    ["bots", { bots: { allow: ["goodbot"] } }, { "bot-detection": { allow: ["goodbot"], deny: [] } }],
    [
      "cors, of which what is not said is not allowed",
      { cors: { origins: ["https://example.com"] } },
      {
        cors: {
          origins: ["https://example.com"],
          methods: ["GET", "HEAD"],
          headers: ["accept"],
          exposed_headers: [],
          credentials: false,
          max_age: 600,
        },
      },
    ],
    [
      "cors as it is said",
      {
        cors: { origins: ["*"], methods: ["POST"], headers: ["x-a"], expose: ["x-b"], credentials: true, maxAge: "90s" },
      },
      {
        cors: {
          origins: ["*"],
          methods: ["POST"],
          headers: ["x-a"],
          exposed_headers: ["x-b"],
          credentials: true,
          max_age: 90,
        },
      },
    ],
    [
      "cors for all hosts below one, as an expression that fits no others",
      { cors: { origins: ["https://*.example.com"] } },
      {
        cors: {
          origins: ["^https://([a-z0-9_-]+\\.)+example\\.com$"],
          methods: ["GET", "HEAD"],
          headers: ["accept"],
          exposed_headers: [],
          credentials: false,
          max_age: 600,
        },
      },
    ],
    [
      "apiKeys, which are for this service, asked for in a header alone, and not passed on",
      { apiKeys: { consumers: ["partner"], header: "x-key" } },
      {
        "key-auth": {
          key_names: ["x-key"],
          key_in_header: true,
          key_in_query: false,
          key_in_body: false,
          hide_credentials: true,
        },
        acl: { allow: ["partner"], hide_groups_header: true },
      },
    ],
    [
      "jwt, in the authorization header alone, while it holds",
      tokens(),
      {
        "post-function": { access: [verifyToken({ issuer: "https://issuer.example.com" })] },
        jwt: {
          key_claim_name: "iss",
          claims_to_verify: [],
          header_names: ["authorization"],
          uri_param_names: [],
          cookie_names: [],
        },
        acl: { allow: [expect.stringMatching(/^issuer\.[0-9a-f]{10}$/)], hide_groups_header: true },
      },
    ],
  ])("%s is held by its plugin and no other", async (_, policies, plugins) => {
    expect(pluginsOf(await recordTable([route({ policies })]))).toEqual(plugins);
  });

  test("jwt with several keys takes the one that a token names", async () => {
    const jwt = { issuer: "a", keys: [jwk(rsa, { kid: "old" }), jwk(curve("P-256"), { kid: "new" })] };
    expect(pluginsOf(await recordTable([route({ policies: { jwt } })])).jwt).toMatchObject({ key_claim_name: "kid" });
  });

  test("by consumer counts for each", async () => {
    const policies: RoutePolicies = { ...keys("partner"), rateLimit: { requests: 1, per: "hour", by: "consumer" } };
    expect(pluginsOf(await recordTable([route({ policies })]))["rate-limiting"]).toMatchObject({ hour: 1, limit_by: "consumer" });
  });

  test("never lets anybody in who does not say who they are", async () => {
    for (const policies of [keys("partner"), tokens()]) {
      const { all } = await recordTable([route({ policies })]);
      expect(JSON.stringify(all(types.plugin))).not.toContain("anonymous");
    }
  });

  test("that is not asked for has no plugin, and the Ingress names none", async () => {
    const { all, inputs } = await recordTable([route()]);
    expect([...all(types.plugin), ...all(types.consumer), ...all(types.secret)]).toEqual([]);
    expect(at(inputs(types.ingress, "table-team-product.api"), "metadata.annotations")).not.toHaveProperty([
      "konghq.com/plugins",
    ]);
  });

  const guarded: RoutePolicies = { ...keys("partner"), maxBodyBytes: 1 };
  const ingresses = ["table-team-product.api", "table-team-product.api.https"];

  test("is beside the service, and named by the Ingress on every way in", async () => {
    const { inputs } = await recordTable([route({ policies: guarded })]);
    expect(inputs(types.plugin, "table-team-product.api.acl")).toMatchObject({
      apiVersion: "configuration.konghq.com/v1",
      kind: "KongPlugin",
      metadata: { name: "product.api.acl", namespace: "team" },
    });
    for (const ingress of ingresses) {
      expect(inputs(types.ingress, ingress)).toMatchObject({
        metadata: {
          annotations: { "konghq.com/plugins": "product.api.key-auth,product.api.acl,product.api.request-size-limiting" },
        },
      });
    }
  });

  test("is there after whoever it lets in", async () => {
    const { all, waits } = await recordTable([route({ policies: guarded })], { slow: types.secret });
    for (const { name: plugin } of all(types.plugin)) {
      for (const { name } of all(types.secret)) expect(waits([types.plugin, plugin], [types.secret, name])).toBe(true);
    }
  });

  test.each([types.plugin, types.consumer])(
    "is there before an Ingress, which would let everybody in without: %s",
    async (slow) => {
      const { all, waits } = await recordTable([route({ policies: guarded })], { slow });
      expect(all(slow)).not.toEqual([]);
      for (const ingress of ingresses) {
        for (const { name } of all(slow)) expect(waits([types.ingress, ingress], [slow, name])).toBe(true);
      }
    },
  );
});
