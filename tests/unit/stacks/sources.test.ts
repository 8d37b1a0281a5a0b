import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { merge } from "../../../components/support/helm.ts";
import type { ServiceImage } from "../../../model/image.ts";
import { publishedImages } from "../../../model/versions.ts";
import { resolveCommon } from "../../../stacks/common.ts";
import { resolveApplications } from "../../../stacks/images.ts";
import { at } from "../../lib/mocks.ts";
import { recordStack } from "../../lib/stacks.ts";
import { parse, plan } from "../support/config.ts";

/** The images of services, by their names. */
function servicesOf(changes: Parameters<typeof plan>[0] = {}): Record<string, ServiceImage> {
  const { config, applications } = plan(changes);
  const services = resolveApplications(applications, config).flatMap((application) => application.services);
  return Object.fromEntries(services.flatMap(({ name, versions: [first] }) => (first ? [[name, first.image]] : [])));
}

const istioCharts = ["base", "cni", "istiod", "gateway"] as const;

describe("built", () => {
  const { charts, images } = resolveCommon(parse());

  test("Istio's charts are folders, and its images are the nodes' own", () => {
    for (const name of istioCharts) {
      const { chart, repository, version, values } = charts[name];
      expect(chart).toMatch(/^\//);
      expect([repository, version]).toEqual([undefined, undefined]);
      expect(values).toMatchObject({ global: { hub: "localhost/mesh", imagePullPolicy: "IfNotPresent" } });
    }
  });

  test.each(["product", "frontend", "backend"] as const)("%s is one of the nodes' own images", (name) => {
    expect(servicesOf()[name]).toEqual({ reference: expect.stringMatching(new RegExp(`^localhost/mesh/${name}:\\S+$`)) });
  });

  test("so are the database and the load generator", () => {
    expect(images.postgresql).toEqual({ registry: "localhost", repository: "mesh/postgresql", tag: expect.any(String) });
    expect(images.fortio).toEqual({ registry: "localhost", repository: "mesh/fortio", tag: expect.any(String) });
  });

  test("the gateway's placeholder image is never pulled", () => {
    expect(charts.gateway.values).toMatchObject({ imagePullPolicy: "IfNotPresent" });
  });

  test("istiod asks nothing of Envoy that only Istio's own build has", () => {
    expect(charts.istiod.values).toMatchObject({
      pilot: {
        env: { PILOT_ENABLE_METADATA_EXCHANGE: "false", PILOT_ENABLE_ALPN_FILTER: "false", PILOT_DISABLE_MX_ALPN: "true" },
      },
      telemetry: { enabled: false },
      meshConfig: { defaultProviders: { metrics: [] } },
    });
  });

  test("and what the mesh itself asks is kept beside that", async () => {
    const values = at<object>((await recordStack("local")).inputs("kubernetes:helm.sh/v3:Release", "istiod"), "values");
    expect(values).toMatchObject({
      pilot: { cni: { enabled: true }, env: { PILOT_ENABLE_ALPN_FILTER: "false" } },
      meshConfig: { pathNormalization: {}, defaultProviders: { metrics: [] } },
      global: { hub: "localhost/mesh", proxy: { resources: {} } },
    });
  });
});

describe("published", () => {
  const { charts } = resolveCommon(parse({ "mesh:sources": "published" }));

  test("Istio's charts by exact version from its repository, images of the same version", () => {
    for (const name of istioCharts) {
      const { chart, repository, version, values } = charts[name];
      expect(chart).toBe(name);
      expect(repository).toMatch(/^https:/);
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(values).toMatchObject({ global: { hub: "docker.io/istio", tag: version } });
    }
  });

  test.each(["kong", "certManager", "loadBalancerController"] as const)(
    "%s by exact version, with no values of Istio's",
    (name) => {
      expect(charts[name]).toMatchObject({
        repository: expect.stringMatching(/^https:/),
        version: expect.stringMatching(/^v?\d+\.\d+\.\d+$/),
      });
      expect(charts[name].values).toEqual({});
    },
  );

  test("istiod and the proxies it injects by digest too, unless the stack names another version", () => {
    const digest = /^docker\.io\/istio\/(pilot|proxyv2):1\.30\.4@sha256:[0-9a-f]{64}$/;
    const image = expect.stringMatching(digest);
    expect(charts.istiod.values).toMatchObject({ pilot: { image }, global: { proxy: { image }, proxy_init: { image } } });
    const other = parse({ "mesh:sources": "published", "mesh:images": JSON.stringify({ istio: { tag: "1.30.9" } }) });
    expect(JSON.stringify(resolveCommon(other).charts.istiod)).not.toContain("sha256");
  });

  test("a principal can be bypassed before 1.30.3", () => {
    const [, minor = 0, patch = 0] = (charts.istiod.version ?? "").split(".").map(Number);
    expect(minor * 1_000 + patch).toBeGreaterThanOrEqual(30_003);
  });

  test("Istio's Envoy is used as it is", () => {
    expect(JSON.stringify(charts)).not.toMatch(/PILOT_|telemetry/);
  });

  test("services are their program on a public runtime by digest", () => {
    const { product, backend } = servicesOf({ "mesh:sources": "published" });
    expect(product?.reference).toMatch(/^docker\.io\/library\/node:24[\w.-]+@sha256:[0-9a-f]{64}$/);
    expect(product?.program?.content).toContain("Teapot");
    expect(backend?.program?.file).toBe("server.js");
    expect(backend?.program?.content).not.toBe(product?.program?.content);
  });

  test("every image is at one exact tag and digest", () => {
    for (const { tag, digest } of Object.values(publishedImages)) {
      expect(tag).toMatch(/^v?\d+\.\d+/);
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
  });
});

describe("merge", () => {
  test("keeps both sides, and the second wins where they disagree", () => {
    const base = { a: { b: 1, c: 2 }, list: [1, 2], kept: true };
    expect(merge(base, { a: { c: 3, d: 4 }, list: [9] })).toEqual({ a: { b: 1, c: 3, d: 4 }, list: [9], kept: true });
    expect(base).toEqual({ a: { b: 1, c: 2 }, list: [1, 2], kept: true });
  });

  test("a mapping replaces what is none, and the other way round", () => {
    expect(merge({ a: 1, b: { c: 1 } }, { a: { x: 1 }, b: 2 })).toEqual({ a: { x: 1 }, b: 2 });
  });

  test("takes an output as one value, whatever is inside", () => {
    const [first, second] = [pulumi.output("first"), pulumi.output("second")];
    expect(merge({ a: first }, { a: second }).a).toBe(second);
    expect(merge({ a: { b: 1 } }, { a: second }).a).toBe(second);
    expect(merge({ a: first }, { a: { b: 1 } }).a).toEqual({ b: 1 });
  });
});
