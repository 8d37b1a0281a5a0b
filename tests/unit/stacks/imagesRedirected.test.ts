import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { istioImages } from "../../../airgap/names.ts";
import type { ApplicationDeclaration, ApplicationSpec } from "../../../model/application.ts";
import { imageName, type ServiceImage } from "../../../model/image.ts";
import { publishedCharts, publishedImages } from "../../../model/versions.ts";
import { builtImages } from "../../../plan.ts";
import { resolveCommon } from "../../../stacks/common.ts";
import { imagesToLoad, resolveApplications } from "../../../stacks/images.ts";
import { kindSpec } from "../../../stacks/kind.ts";
import { eks, existing, parse, parseAs, plan, problems, product, shop } from "../support/config.ts";

const mirror = "mirror.example.com:5000";
const published = { "mesh:sources": "published" };
const digest = `sha256:${"0".repeat(64)}`;

/** Applications of a stack with their images, those of apps/ or others. */
function resolved(changes: Record<string, unknown>, declared?: readonly ApplicationDeclaration[]): readonly ApplicationSpec[] {
  const { config, applications } = plan(changes, undefined, declared);
  return resolveApplications(applications, config);
}

/** The images of workloads, by their names. */
function imagesOf(...stack: Parameters<typeof resolved>) {
  const all = resolved(...stack).flatMap(({ services, databases = [], loadGenerators = [] }) => [
    ...services.map(({ name, versions: [first] }) => [name, first?.image.reference]),
    ...[...databases, ...loadGenerators].map(({ name, image }) => [name, imageName(image)]),
  ]);
  return Object.fromEntries(all) as Record<string, string>;
}

/** The names of the images that nodes are given. */
function loaded(changes: Record<string, unknown>): string[] {
  const { config, applications } = plan(changes);
  return imagesToLoad(config, applications).map(({ name }) => name);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "chart-"));
  writeFileSync(join(folder, "Chart.yaml"), "name: kong\nversion: 1.0.0\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a mirror for all images", () => {
  test.each([
    ["kind", published],
    ["eks", eks],
    ["existing", existing],
  ])("is where every image of a stack on %s comes from, under its own path and digest", (_target, stack) => {
    const { charts, images } = resolveCommon(parse({ ...stack, "mesh:images": { registry: mirror } }));
    for (const [name, image] of Object.entries(images)) {
      expect(image).toEqual({ ...publishedImages[name as keyof typeof images], registry: mirror });
    }
    const { database, generator, ...services } = imagesOf({ ...stack, "mesh:images": { registry: mirror } });
    expect(Object.keys(services)).toEqual(expect.arrayContaining(["product", "frontend", "backend"]));
    for (const reference of Object.values(services)) expect(reference).toMatch(new RegExp(`^${mirror}/library/node:.*@sha256:`));
    expect(database).toBe(imageName({ ...publishedImages.postgresql, registry: mirror }));
    expect(generator).toBe(imageName({ ...publishedImages.fortio, registry: mirror }));
    for (const name of ["base", "cni", "istiod", "gateway"] as const) {
      expect(charts[name].values).toMatchObject({ global: { hub: `${mirror}/istio`, tag: publishedCharts.istiod.version } });
    }
  });

  test("is where a kind cluster's nodes come from", () => {
    const { nodeImage } = kindSpec(parseAs("kind", { ...published, "mesh:images": { registry: mirror } }));
    expect(nodeImage).toBe(imageName({ ...publishedImages.node, registry: mirror }));
  });

  test("is not where built images come from, of which it knows nothing", () => {
    const config = parseAs("kind", { "mesh:images": { registry: mirror } });
    const { charts, images } = resolveCommon(config);
    expect(imagesOf({ "mesh:images": { registry: mirror } }).product).toMatch(/^localhost\/mesh\/product:/);
    expect(images.postgresql.registry).toBe("localhost");
    expect(charts.istiod.values).toMatchObject({ global: { hub: "localhost/mesh" } });
    expect(images.kong.registry).toBe(mirror);
    expect(kindSpec(config).nodeImage).toMatch(/^localhost\//);
  });
});

describe("a single image", () => {
  const imageOf = (settings: Record<string, unknown>, stack: Record<string, unknown> = published) =>
    resolveCommon(parse({ ...stack, "mesh:images": settings })).images;

  test("wins over the mirror for all, part by part", () => {
    const { kong, fortio } = imageOf({ registry: mirror, kong: { registry: "other.example.com", repository: "team/kong" } });
    expect(kong).toEqual({ ...publishedImages.kong, registry: "other.example.com", repository: "team/kong" });
    expect(fortio.registry).toBe(mirror);
  });

  test("with another tag or digest has nothing left of what said its content before", () => {
    expect(imageOf({ postgresql: { tag: "18" } }).postgresql).toEqual({
      registry: "docker.io",
      repository: "library/postgres",
      tag: "18",
    });
    expect(imageOf({ postgresql: { digest } }).postgresql).toEqual({
      registry: "docker.io",
      repository: "library/postgres",
      digest,
    });
    expect(imageOf({ postgresql: { tag: "18", digest } }).postgresql).toMatchObject({ tag: "18", digest });
  });

  test.each([
    ["published", published],
    ["built", {}],
  ])("of a service, where all is %s, is one of its own, without a program from here", (_sources, stack) => {
    const image = { registry: mirror, repository: "team/product", digest };
    const services = resolved({ ...stack, ...product({ image }) }).flatMap((application) => application.services);
    const [[own], ...others] = services.map(({ versions }) => versions.map((version) => version.image)) as [
      ServiceImage[],
      ...ServiceImage[][],
    ];
    expect(own).toEqual({ reference: `${mirror}/team/product@${digest}` });
    expect(others).toHaveLength(3);
    for (const { reference } of others.flat()) expect(reference).not.toContain(mirror);
  });

  test("that is taken from elsewhere is neither built nor loaded into nodes", () => {
    const postgresql = { registry: mirror };
    const all = builtImages().map(({ name }) => name);
    expect(loaded({ "mesh:images": { postgresql } })).toEqual(all.filter((name) => name !== "postgresql"));
    expect(imageOf({ postgresql }, {}).postgresql).toEqual({ ...publishedImages.postgresql, registry: mirror });
    const others = all.filter((name) => !(istioImages as readonly string[]).includes(name));
    expect(loaded({ "mesh:images": { istio: { registry: mirror } } })).toEqual(others);
    const backend = { image: { registry: mirror, repository: "team/backend", tag: "1" } };
    expect(loaded(shop({ backend }))).toEqual(all.filter((name) => name !== "backend"));
    expect(loaded(published)).toEqual([]);
    expect(loaded({})).toEqual(all);
  });

  test("Istio's are one hub and one tag, on built charts too", () => {
    for (const stack of [published, {}]) {
      const istio = { registry: mirror, repository: "team/istio", tag: "1.30.9" };
      const { charts } = resolveCommon(parse({ ...stack, "mesh:images": { istio } }));
      expect(charts.istiod.values).toMatchObject({ global: { hub: `${mirror}/team/istio`, tag: "1.30.9" } });
    }
  });
});

describe("a chart", () => {
  const chartOf = (name: "kong" | "istiod", settings: Record<string, unknown>, stack: Record<string, unknown> = published) =>
    resolveCommon(parse({ ...stack, "mesh:charts": { [name]: settings } })).charts[name];

  test("in another repository keeps its version, unless it says another", () => {
    const repository = "https://charts.example.com/kong";
    expect(chartOf("kong", { repository })).toEqual({ ...publishedCharts.kong, repository, values: {} });
    expect(chartOf("kong", { repository, version: "9.9.9" })).toMatchObject({ repository, version: "9.9.9" });
    expect(chartOf("kong", { version: "9.9.9" })).toMatchObject({
      repository: publishedCharts.kong.repository,
      version: "9.9.9",
    });
  });

  test("in a registry of containers is named by its whole address", () => {
    const { chart, repository, version } = chartOf("kong", { repository: "oci://mirror.example.com/charts/" });
    expect([chart, repository, version]).toEqual([
      "oci://mirror.example.com/charts/kong",
      undefined,
      publishedCharts.kong.version,
    ]);
  });

  test("in a folder has no repository and no version", () => {
    expect(chartOf("kong", { path: folder })).toEqual({ chart: folder, values: {} });
    expect(chartOf("istiod", { path: folder }, {})).toMatchObject({
      chart: folder,
      values: { global: { hub: "localhost/mesh" } },
    });
  });

  test("of Istio's, where all is built, may come from a repository all the same", () => {
    const repository = "https://charts.example.com/istio";
    expect(chartOf("istiod", { repository }, {})).toMatchObject({ ...publishedCharts.istiod, repository });
  });

  test.each<[string, Record<string, unknown>, string]>([
    [
      "a folder without a chart",
      { path: "/nowhere" },
      'mesh:charts.kong.path is "/nowhere"; allowed: a folder with a chart, that is',
    ],
    ["a repository that is none", { repository: "charts.example.com" }, "mesh:charts.kong.repository is"],
    ["a repository with a password", { repository: "https://u:p@charts.example.com" }, "mesh:charts.kong.repository is"],
    ["a range of versions", { version: "^3.0.0" }, 'mesh:charts.kong.version is "^3.0.0"; allowed: an exact version'],
  ])("is refused with %s", (_what, kong, sentence) => {
    expect(problems({ ...published, "mesh:charts": { kong } })).toEqual([expect.stringContaining(sentence)]);
  });

  test("in a folder is refused with what a folder has not", () => {
    const wrong = { path: folder, repository: "https://charts.example.com", version: "1.0.0" };
    expect(problems({ ...published, "mesh:charts": { kong: wrong } })).toEqual([
      expect.stringContaining("allowed: a repository or a path, not both"),
      expect.stringContaining("allowed: no version with a path"),
    ]);
    expect(problems({ ...published, "mesh:charts": { konga: {} } })).toEqual([
      expect.stringContaining("mesh:charts.konga is not a setting"),
    ]);
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["an unknown image", { nginx: {} }, "mesh:images.nginx is not a setting"],
  [
    "a registry with a scheme",
    { registry: "https://mirror.example.com" },
    'mesh:images.registry is "https://mirror.example.com"; allowed: the host of a registry',
  ],
  [
    "a digest that is cut",
    { kong: { digest: "sha256:12ab" } },
    'mesh:images.kong.digest is "sha256:12ab"; allowed: sha256: and 64',
  ],
  [
    "a tag in the repository",
    { kong: { repository: "library/kong:3" } },
    'mesh:images.kong.repository is "library/kong:3"; allowed: the path',
  ],
  ["a tag with a space", { kong: { tag: "3 9" } }, 'mesh:images.kong.tag is "3 9"; allowed: a tag'],
  [
    "a digest for Istio, which takes none",
    { istio: { digest } },
    "mesh:images.istio.digest is not a setting; allowed: registry, repository, tag",
  ],
])("an image is refused with %s", (_what, images, sentence) => {
  expect(problems({ ...published, "mesh:images": images })).toEqual([expect.stringContaining(sentence)]);
});

describe("the image of an application", () => {
  const image = { registry: "own.example.com", repository: "team/store", tag: "1.2.3", digest };
  const store: ApplicationDeclaration = {
    namespace: "stores",
    services: {
      store: { image, ports: { http: { port: 8080 } }, probes: { ready: "/ready", health: "/health" } },
    },
    databases: { stock: { image, database: "stock", user: "stock", storage: "1Gi" } },
    loadGenerators: { asker: { image, url: "http://store.stores.svc.cluster.local:8080/", calls: [{ to: "store" }] } },
  };
  const workloads = ["store", "stock", "asker"];
  const imagesWith = (override: object | undefined, images: object = {}) => {
    const settings = Object.fromEntries(workloads.map((name) => [name, override === undefined ? {} : { image: override }]));
    return imagesOf({ ...published, "mesh:images": images, "mesh:apps": { stores: settings } }, [store]);
  };
  const each = (reference: string) => Object.fromEntries(workloads.map((name) => [name, reference]));

  test("is as it is declared, and in the registry for all where the stack names one", () => {
    expect(imagesWith(undefined)).toEqual(each(`own.example.com/team/store:1.2.3@${digest}`));
    expect(imagesWith(undefined, { registry: mirror })).toEqual(each(`${mirror}/team/store:1.2.3@${digest}`));
  });

  test("is in the registry that the stack names for it alone, whatever that for all is", () => {
    for (const images of [{}, { registry: mirror }]) {
      const reference = `other.example.com/team/store:1.2.3@${digest}`;
      expect(imagesWith({ registry: "other.example.com" }, images)).toEqual(each(reference));
    }
  });

  test("has nothing left of its digest with another tag, nor of its tag with another digest", () => {
    expect(imagesWith({ tag: "1.2.4" })).toEqual(each("own.example.com/team/store:1.2.4"));
    const other = `sha256:${"1".repeat(64)}`;
    expect(imagesWith({ digest: other })).toEqual(each(`own.example.com/team/store@${other}`));
    expect(imagesWith({ tag: "1.2.4", digest: other })).toEqual(each(`own.example.com/team/store:1.2.4@${other}`));
    expect(imagesWith({ repository: "mirrored/store" })).toEqual(each(`own.example.com/mirrored/store:1.2.3@${digest}`));
  });

  test("that is a program of this repository is one in the registry for all, once it has a path there", () => {
    const images = { registry: mirror };
    const settings = product({ image: { repository: "team/product", tag: "1.4.0" } });
    for (const stack of [{}, published]) {
      expect(imagesOf({ ...stack, ...settings, "mesh:images": images }).product).toBe(`${mirror}/team/product:1.4.0`);
    }
  });

  test("is no other program of this repository: which programs there are is not a stack's", () => {
    expect(problems(product({ image: { source: "apps/shop/backend/server.ts" } }))).toEqual([
      "mesh:apps.product.product.image.source is not a setting; allowed: registry, repository, tag, digest",
    ]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    [
      "of no path",
      product({ image: { registry: mirror, tag: "1" } }),
      "mesh:apps.product.product.image.repository is not given; allowed: the path of the image in its registry",
    ],
    [
      "of no path, in the registry for all",
      { ...product({ image: { tag: "1" } }), "mesh:images": { registry: mirror } },
      "mesh:apps.product.product.image.repository is not given; allowed: the path of the image in its registry",
    ],
    [
      "of no registry",
      shop({ backend: { image: { repository: "a/b", tag: "1" } } }),
      "mesh:apps.prod.backend.image.registry is not given; allowed: the host of the image's registry, or mesh:images.registry",
    ],
    [
      "of no content",
      shop({ frontend: { image: { registry: mirror, repository: "a/b" } } }),
      "mesh:apps.prod.frontend.image.tag is not given; allowed: a tag or a digest",
    ],
    [
      "of a database, of no path",
      shop({ database: { image: { registry: mirror, tag: "17" } } }),
      "mesh:apps.prod.database.image.repository is not given; allowed: the path of the image in its registry",
    ],
    [
      "in a registry with a scheme",
      product({ image: { registry: "https://mirror.example.com", repository: "a/b", tag: "1" } }),
      'mesh:apps.product.product.image.registry is "https://mirror.example.com"; allowed: the host of a registry',
    ],
  ])("is refused %s", (_what, changes, sentence) => {
    expect(problems({ ...published, ...changes })).toEqual([expect.stringContaining(sentence)]);
  });
});

describe("the gateways that run", () => {
  const gatewaysOf = (config: Parameters<typeof resolveCommon>[0]) => {
    const { gateways, notices } = resolveCommon(config);
    return { gateways, notices };
  };
  const parts = () => ({ "mesh:charts": { kong: { path: folder } }, "mesh:images": { registry: mirror } });

  test("are both where all is published", () => {
    expect(gatewaysOf(parse(published))).toEqual({ gateways: ["kong", "istio"], notices: [] });
    expect(gatewaysOf(parse({ ...published, "mesh:gateway": "istio" }))).toEqual({ gateways: ["istio"], notices: [] });
    expect(gatewaysOf(parse({ ...eks, "mesh:gateway": "kong" }))).toEqual({ gateways: ["kong"], notices: [] });
  });

  test("are Istio's alone where Kong's parts are missing, and that is said", () => {
    const some = [
      {},
      { "mesh:charts": parts()["mesh:charts"] },
      { "mesh:images": { kong: { registry: mirror } } },
      { "mesh:images": { registry: mirror } },
      { "mesh:charts": parts()["mesh:charts"], "mesh:images": { kong: { registry: mirror } } },
      { "mesh:charts": parts()["mesh:charts"], "mesh:images": { kongController: { registry: mirror } } },
    ];
    for (const given of some) {
      expect(gatewaysOf(parse(given))).toEqual({
        gateways: ["istio"],
        notices: [expect.stringContaining("Kong does not run here")],
      });
    }
  });

  test("are both where Kong's parts are given, chart and images", () => {
    const images = { kong: { registry: mirror }, kongController: { registry: mirror } };
    const byRepository = { "mesh:charts": { kong: { repository: "https://charts.example.com" } }, "mesh:images": images };
    for (const given of [parts(), { ...parts(), "mesh:images": images }, byRepository]) {
      expect(gatewaysOf(parse(given))).toEqual({ gateways: ["kong", "istio"], notices: [] });
      expect(problems({ ...given, "mesh:gateway": "kong", "mesh:kong": { replicas: 2 } })).toEqual([]);
    }
  });
});
