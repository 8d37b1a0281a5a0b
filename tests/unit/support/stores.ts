import { expect } from "vitest";
import type { ApplicationDeclaration, DeclaredApplication } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";

/*
 * An application of two services and a database, to which a test adds what it is about.
 */

export const image = { registry: "registry", repository: "shop", tag: "1" };
/** A program of this repository. */
export const program = { source: "apps/shop/jobs/main.ts" };
export const shop = { image, ports: { http: { port: 8080 } }, probes: { ready: "/ready" } };
export const queue = { image, ports: { queue: { port: 6379, protocol: "tcp" } } };

/** The application, with more in it or otherwise. */
export const application = (more: object): ApplicationDeclaration =>
  ({
    namespace: "stores",
    services: { shop, queue },
    databases: { stock: { database: "stock", user: "stock", storage: "1Gi" } },
    ...more,
  }) as unknown as ApplicationDeclaration;

/** What is wrong with it, by the names of its workloads. */
export const problems = (more: object): string[] =>
  checkApplications([application(more)], { gateways: [] }).problems.map((problem) => problem.replace(/^apps: stores\//, ""));

/** The application as it is deployed. */
export function deployed(more: object): DeclaredApplication {
  const { applications, problems } = checkApplications([application(more)], { gateways: [] });
  expect(problems).toEqual([]);
  const [only] = applications;
  if (!only) throw new Error("There is an application.");
  return only;
}
