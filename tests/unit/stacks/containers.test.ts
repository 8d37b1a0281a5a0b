import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleOf } from "../../../lib/bundle.ts";
import { projectDir } from "../../../lib/paths.ts";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { mostText } from "../../../model/container.ts";
import { builtImages } from "../../../plan.ts";
import { imagesToLoad, resolveApplications } from "../../../stacks/images.ts";
import { plan } from "../support/config.ts";

/*
 * What workers, jobs, and what runs before containers come to: their programs, as images or as text, and the files of the repository.
 */

const [jobs, product] = ["apps/shop/jobs/main.ts", "apps/product/product/server.ts"];
const image = { registry: "registry.example.com", repository: "team/shop", tag: "1" };
const declared = {
  namespace: "stores",
  services: {
    shop: {
      ...{ image, ports: { http: { port: 8080 } }, probes: { ready: "/ready" } },
      container: { files: { "/etc/readme": { source: "apps/README.md" }, "/etc/text": "text" } },
      initContainers: { prepare: { image: { source: jobs }, args: ["prepare"] } },
    },
  },
  workers: { mailer: { image: { source: product }, container: { files: { "/etc/readme": { source: "apps/README.md" } } } } },
  jobs: { migrate: { image: { source: jobs }, container: { files: { "/etc/readme": { source: "apps/README.md" } } } } },
} as unknown as ApplicationDeclaration;

function resolved(sources: "built" | "published") {
  const { config, applications } = plan({ "mesh:sources": sources }, undefined, [declared]);
  const [application] = resolveApplications(applications, config);
  if (!application) throw new Error("There is an application.");
  const { services, workers = [], jobs = [] } = application;
  return { shop: services[0], mailer: workers[0], migrate: jobs[0] };
}

test("files of this repository are read, in every workload, and text stays as it is", () => {
  const text = readFileSync(join(projectDir, "apps/README.md"), "utf8");
  const { shop, mailer, migrate } = resolved("published");
  expect(shop?.container.files).toEqual({ "/etc/readme": text, "/etc/text": "text" });
  for (const workload of [mailer, migrate]) expect(workload?.container.files).toEqual({ "/etc/readme": text });
});

test("where all is published, programs are text for a public image", () => {
  const { shop, mailer, migrate } = resolved("published");
  expect(shop?.versions[0]?.image).toEqual({ reference: "registry.example.com/team/shop:1" });
  expect(shop?.initContainers).toMatchObject([
    { name: "prepare", args: ["prepare"], image: { program: { content: bundleOf(jobs) } } },
  ]);
  expect(mailer?.versions[0]?.image.program?.content).toBe(bundleOf(product));
  expect(migrate?.program.image.program?.content).toBe(bundleOf(jobs));
});

test("where all is built, they are images, each built and loaded once", () => {
  const { shop, mailer, migrate } = resolved("built");
  expect(migrate?.program.image.reference).toMatch(/^localhost\/mesh\/jobs:/);
  expect(shop?.initContainers?.[0]?.image).toEqual(migrate?.program.image);
  expect(mailer?.versions[0]?.image.reference).toMatch(/^localhost\/mesh\/product:/);
  const { config, applications } = plan({}, undefined, [declared]);
  const loaded = imagesToLoad(config, applications).flatMap((built) => ("program" in built ? built.name : []));
  expect(loaded).toEqual(["jobs", "product"]);
});

test("every program of apps/ fits into a ConfigMap", () => {
  const programs = builtImages().flatMap((built) =>
    "program" in built && built.program !== undefined ? [[built.name, built.program] as const] : [],
  );
  expect(programs.map(([name]) => name)).toEqual(expect.arrayContaining(["jobs", "recommendations", "product-v2", "frontend"]));
  for (const [name, program] of programs) expect([name, Buffer.byteLength(program) < mostText]).toEqual([name, true]);
});
