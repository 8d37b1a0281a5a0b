import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { KongRoutes } from "../../../components/gateway/kong/KongRoutes.ts";
import { kongProblems } from "../../../components/gateway/kong/problems.ts";
import { describeConflictingKeys } from "../../../components/gateway/policyProblems.ts";
import type { RoutePolicies } from "../../../components/gateway/route.ts";
import { curve, jwk, keys, route, rsa, tokens } from "./support/kong.ts";

describe("what Kong cannot honour", () => {
  test.each<[string, RoutePolicies, string]>([
    [
      "audiences",
      { jwt: { ...tokens().jwt, audiences: ["shop"] } },
      "team/product exposed.policies.jwt.audiences: Kong cannot verify them; allowed: none, or gateways: [istio]",
    ],
    [
      "several keys of one issuer",
      { jwt: { issuer: "a", keys: [jwk(rsa), jwk(curve("P-256"))] } },
      "team/product exposed.policies.jwt.keys: 2 keys; allowed: one key for each issuer, or gateways: [istio]",
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
  });
});
