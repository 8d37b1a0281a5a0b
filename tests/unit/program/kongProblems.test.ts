import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { KongRoutes } from "../../../components/gateway/kong/KongRoutes.ts";
import { describeSharedKeyIds, kongProblems } from "../../../components/gateway/kong/unsupported.ts";
import { describeConflictingKeys } from "../../../model/checks/policyProblems.ts";
import type { RoutePolicies } from "../../../model/policies.ts";
import { curve, jwk, keys, route, rsa, tokens } from "./support/kong.ts";

describe("what Kong cannot honour", () => {
  test.each<[string, RoutePolicies, string]>([
    [
      "audiences",
      { jwt: { ...tokens().jwt, audiences: ["shop"] } },
      "team/product exposed.policies.jwt.audiences: Kong cannot verify them; allowed: none, or gateways: [istio]",
    ],
    [
      "several keys that tokens cannot name",
      { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "old" }), jwk(curve("P-256"))] } },
      "team/product exposed.policies.jwt.keys[1]: no kid; allowed: a kid for each of several keys, or gateways: [istio]",
    ],
    [
      "several keys of one name",
      { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "one" }), jwk(curve("P-256"), { kid: "one" })] } },
      "team/product exposed.policies.jwt.keys[1]: kid one again; allowed: another kid for each of several keys, or gateways: [istio]",
    ],
    [
      "a kind of key",
      tokens("a", jwk(generateKeyPairSync("ed448"))),
      "team/product exposed.policies.jwt.keys[0]: of type OKP; allowed: a public key of RSA, or of EC on P-256, P-384 or P-521",
    ],
    [
      "an algorithm that is not the key's",
      tokens("a", jwk(curve("P-256"), { alg: "RS256" })),
      "team/product exposed.policies.jwt.keys[0]: of type EC; allowed: a key whose alg is one of ES256",
    ],
    [
      "half a key",
      tokens("a", { kty: "RSA", n: "AQAB" }),
      "team/product exposed.policies.jwt.keys[0]: of type RSA; allowed: a whole public key (RFC 7517)",
    ],
    [
      "tokens and keys at once",
      { ...tokens(), ...keys("partner") },
      "team/product exposed.policies.jwt: Kong tells who calls by one credential, and apiKeys is given too; allowed: jwt or apiKeys",
    ],
    [
      "a count for each consumer without consumers",
      { rateLimit: { requests: 1, per: "second", by: "consumer" } },
      "team/product exposed.policies.rateLimit.by: consumer, but no consumer is known; allowed: everyone, address, or consumer with apiKeys",
    ],
    [
      "a consumer's name",
      keys("Partner"),
      "team/product exposed.policies.apiKeys.consumers[0]: Partner; allowed: lower-case letters, digits and hyphens, at most 40",
    ],
  ])("is refused: %s", (_, policies, problem) => {
    expect(kongProblems(route({ policies }))).toEqual([problem]);
    expect(() => new KongRoutes("table", { namespace: "kong", routes: [route({ policies })] })).toThrow(problem);
    expect(kongProblems(route({ policies, gateways: ["istio"] }))).toEqual([]);
  });

  test("is refused: two keys for one issuer, in whichever services", () => {
    const [first, second] = [
      route({ policies: tokens() }),
      route({ name: "orders", policies: tokens(undefined, jwk(curve("P-256"))) }),
    ];
    const problem =
      "team/orders exposed.policies.jwt.keys: not those that team/product exposed.policies.jwt has for https://issuer.example.com; allowed: the same";
    expect(describeConflictingKeys([first, second])).toEqual([problem]);
    expect(() => new KongRoutes("table", { namespace: "kong", routes: [first, second] })).toThrow(problem);
    const other = route({ name: "orders", policies: tokens() });
    expect(describeConflictingKeys([first, other])).toEqual([]);
  });

  test("is refused: a kid that two issuers have, as Kong looks keys up by it alone", () => {
    const several = (issuer: string, ...kids: string[]) => ({ jwt: { issuer, keys: kids.map((kid) => jwk(rsa, { kid })) } });
    const [first, second] = [
      route({ policies: several("a", "1", "2") }),
      route({ name: "orders", policies: several("b", "2", "3") }),
    ];
    const problem =
      "team/orders exposed.policies.jwt.keys[0]: 2 is a key of a too; allowed: another kid for each issuer, or gateways: [istio]";
    expect(describeSharedKeyIds([first, second])).toEqual([problem]);
    expect(() => new KongRoutes("table", { namespace: "kong", routes: [first, second] })).toThrow(problem);
    // The same issuer again, or the one key of another, which is known by the issuer's name.
    expect(describeSharedKeyIds([first, route({ name: "orders", policies: several("a", "1", "2") })])).toEqual([]);
    expect(describeSharedKeyIds([first, route({ name: "orders", policies: several("b", "2") })])).toEqual([]);
  });

  test("is told all at once", () => {
    const policies: RoutePolicies = { ...keys("Partner", "a".repeat(41)), rateLimit: { requests: 1, per: "second" } };
    expect(kongProblems(route({ policies }))).toHaveLength(2);
  });

  test("is nothing of what it can", () => {
    const policies: RoutePolicies = {
      ...keys("partner", "a".repeat(40)),
      rateLimit: { requests: 1, per: "second", by: "consumer" },
      cors: { origins: ["*"] },
      maxBodyBytes: 1,
      addresses: { allow: ["10.0.0.0/8"] },
      bots: {},
    };
    expect(kongProblems(route({ policies }))).toEqual([]);
    const rotated = { jwt: { issuer: "a", keys: [jwk(rsa, { kid: "old" }), jwk(curve("P-256"), { kid: "new" })] } };
    expect(kongProblems(route({ policies: rotated }))).toEqual([]);
  });
});
