import { describe, expect, test } from "vitest";
import { KongRoutes } from "../../../../../components/gateway/kong/KongRoutes.ts";
import { sharedKeyIds, unsupportedByKong } from "../../../../../components/gateway/kong/unsupported.ts";
import { conflictingKeys } from "../../../../../model/checks/policies.ts";
import type { RoutePolicies } from "../../../../../model/policies.ts";
import type { Route } from "../../../../../model/route.ts";
import { curve, jwk, keys, oneHost, recordTable, route, rsa, tokens } from "../../../support/kong.ts";

const table = (...routes: Route[]) => new KongRoutes("table", { namespace: "kong", routes, tls: oneHost });

describe("what Kong does not support", () => {
  test.each<[string, RoutePolicies, string]>([
    ["audiences", { jwt: { ...tokens().jwt, audiences: ["shop"] } }, "jwt.audiences is not supported by Kong; allowed: none"],
    [
      "several keys that tokens cannot name",
      { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "old" }), jwk(curve("P-256"))] } },
      "jwt.keys[1] is not supported by Kong; allowed: a kid for each of several keys",
    ],
    [
      "several keys of one name",
      { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "one" }), jwk(curve("P-256"), { kid: "one" })] } },
      "jwt.keys[1] is not supported by Kong; allowed: another kid for each of several keys",
    ],
    ["tokens and keys at once", { ...tokens(), ...keys("partner") }, "jwt is not supported by Kong; allowed: jwt or apiKeys"],
  ])("is refused: %s", async (_, policies, problem) => {
    expect(unsupportedByKong(policies)).toHaveLength(1);
    expect(() => table(route({ policies }))).toThrow(new Error(`team/product exposed.api.policies.${problem}`));
    await recordTable([route({ policies, gateways: ["istio"] })]);
  });

  test("is refused: two keys for one issuer, in whichever services", () => {
    const [first, second] = [
      route({ policies: tokens() }),
      route({ name: "orders", policies: tokens(undefined, jwk(curve("P-256"))) }),
    ];
    expect(conflictingKeys([first, second])).toHaveLength(1);
    expect(() => table(first, second)).toThrow(
      "team/orders exposed.api.policies.jwt.keys is not supported by Kong; allowed: the keys that team/product has for https://issuer.example.com",
    );
    expect(conflictingKeys([first, route({ name: "orders", policies: tokens() })])).toEqual([]);
  });

  test("is refused: a kid that two issuers have, as Kong looks keys up by it alone", () => {
    const several = (issuer: string, ...kids: string[]) => ({ jwt: { issuer, keys: kids.map((kid) => jwk(rsa, { kid })) } });
    const [first, second] = [
      route({ policies: several("a", "1", "2") }),
      route({ name: "orders", policies: several("b", "2", "3") }),
    ];
    expect(() => table(first, second)).toThrow(
      "team/orders exposed.api.policies.jwt.keys[0] is not supported by Kong; allowed: a key whose kid no other issuer has (2 is one of a)",
    );
    // The same issuer again, or the one key of another, which is known by the issuer's name.
    expect(sharedKeyIds([first, route({ name: "orders", policies: several("a", "1", "2") })])).toEqual([]);
    expect(sharedKeyIds([first, route({ name: "orders", policies: several("b", "2") })])).toEqual([]);
  });

  test("is told all at once", () => {
    const policies: RoutePolicies = { ...keys("partner"), jwt: { ...tokens().jwt, audiences: ["shop"] } };
    expect(unsupportedByKong(policies)).toHaveLength(2);
    expect(() => table(route({ policies }))).toThrow(/audiences[\s\S]*jwt or apiKeys/);
  });

  test("is nothing of what it supports", () => {
    const policies: RoutePolicies = {
      ...keys("partner", "a".repeat(40)),
      rateLimit: { requests: 1, per: "second", by: "consumer" },
      cors: { origins: ["*"] },
      maxBodyBytes: 1,
      addresses: { allow: ["10.0.0.0/8"] },
      bots: {},
    };
    expect(unsupportedByKong(policies)).toEqual([]);
    const rotated = { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "old" }), jwk(curve("P-256"), { kid: "new" })] } };
    expect(unsupportedByKong(rotated)).toEqual([]);
  });
});
