import { describe, expect, test } from "vitest";
import { checkApplications } from "../../../model/checks/check.ts";
import { noticesOf } from "../../../platform.ts";
import { declared, factsOf, service } from "../../lib/shop.ts";
import { existing, plan, problems, product, serviceOf } from "../support/config.ts";

/*
 * Policies that judge callers by their addresses, where those do not arrive: said on kind, which is for trying out, and refused on a
 * cluster of somebody's, where a list of addresses would let in nobody or everybody.
 */

const byAddress = { rateLimit: { requests: 1, per: "second", by: "address" }, addresses: { deny: ["192.0.2.0/24"] } };
const on = (settings: Record<string, unknown>, policies: Record<string, unknown> = byAddress) => ({
  ...existing,
  "mesh:existing": { ...existing["mesh:existing"], ...settings },
  ...product({ exposed: { products: { policies } } }),
});
const application = {
  namespace: "a",
  services: [service("b", { exposed: { api: { path: "/b", policies: { addresses: { allow: ["10.0.0.0/8"] } } } } })],
};

describe("on a cluster that runs already", () => {
  test("they are refused unless it is said that addresses arrive", () => {
    const refused =
      "allowed: nothing that judges addresses while callers' do not arrive; mesh:existing.callerAddresses: kept says";
    expect(problems(on({}))).toEqual([
      expect.stringContaining(
        `mesh:apps.product.product.exposed.products.policies.addresses is {"deny":["192.0.2.0/24"]}; ${refused}`,
      ),
      expect.stringContaining(`mesh:apps.product.product.exposed.products.policies.rateLimit.by is "address"; ${refused}`),
    ]);
    expect(problems(on({ callerAddresses: "lost" }))).toHaveLength(2);
    expect(problems(on({ callerAddresses: "kept" }))).toEqual([]);
    expect(problems(on({}, { rateLimit: { requests: 1, per: "second" } }))).toEqual([]);
  });

  test("behind ports of nodes they never do", () => {
    expect(problems(on({ callerAddresses: "kept", exposure: { type: "NodePort" } }, {}))).toEqual([
      'mesh:existing.callerAddresses is "kept"; allowed: lost with exposure NodePort: the node puts its own address in the caller\'s place',
    ]);
  });

  test("those of an application of one's own likewise", () => {
    const judged = (callerAddresses: "kept" | "lost") =>
      checkApplications(declared([application]), { gateways: factsOf("istio"), callerAddresses }).problems;
    expect(judged("lost")).toEqual([
      expect.stringMatching(
        /^apps: a\/b exposed\.api\.policies\.addresses is \{"allow":\["10\.0\.0\.0\/8"\]\}; allowed: nothing that judges addresses/,
      ),
    ]);
    expect(judged("kept")).toEqual([]);
    // A stack's own are judged by what it says.
    const planned = (callerAddresses: "kept" | "lost") =>
      problems({ ...on({ callerAddresses }), "mesh:apps": {} }, undefined, declared([application]));
    expect(planned("kept")).toEqual([]);
    expect(planned("lost")).toEqual([expect.stringMatching(/^apps: a\/b exposed\.api\.policies\.addresses is /)]);
  });
});

test("on kind they are taken, and every caller is told to have one address", () => {
  expect(problems(product({ exposed: { products: { policies: byAddress } } }))).toEqual([]);
  expect(noticesOf({ notices: ["first"], callerAddresses: "lost" }, [application])).toEqual([
    "first",
    expect.stringMatching(
      /^a\/b exposed\.api\.policies\.addresses judges one address alone: on this cluster every caller has that of/,
    ),
  ]);
  expect(noticesOf({ notices: [], callerAddresses: "kept" }, [application])).toEqual([]);
  expect(serviceOf(plan(), "product").exposed?.products).not.toHaveProperty("policies");
});
