import { expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../model/application.ts";
import { readPlan } from "../../plan.ts";

const stack = { "mesh:target": "kind", "mesh:sources": "built" };

/** An application of one service, of this image. */
function serviceOf(image: object): ApplicationDeclaration[] {
  const service = {
    image,
    ports: { http: { port: 8080 } },
    probes: { health: "/healthz", ready: "/readyz" },
    versions: { v1: {} },
  };
  return [{ namespace: "team", services: { orders: service } }];
}

test("a program that is no file of the repository is refused, unless its image comes from a registry", () => {
  const image = { source: "apps/orders/server.ts" };
  expect(readPlan(stack, "pulumi", serviceOf(image)).problems).toEqual([
    'apps: team/orders image.source is "apps/orders/server.ts"; allowed: the path of a file of this repository',
  ]);
  const there = { source: "apps/product/product/server.ts" };
  expect(readPlan(stack, "pulumi", serviceOf(there)).problems).toEqual([]);
  const pulled = { ...image, registry: "registry.example.com", repository: "team/orders", tag: "1" };
  expect(readPlan(stack, "pulumi", serviceOf(pulled)).problems).toEqual([]);
});
