import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { resolveApplications } from "../../../stacks/images.ts";
import { plan, problems as problemsOfStack } from "../support/config.ts";

/*
 * What runs as each version of a service: what the service says for all of them, with what a version says for itself.
 */

type Service = NonNullable<ApplicationDeclaration["services"]>[string];
type Version = NonNullable<Service["versions"]>[string];

const image = { registry: "registry.example.com", repository: "team/store", tag: "1" };
const digest = `sha256:${"0".repeat(64)}`;
const program = "apps/shop/backend/server.ts";
const other = "apps/shop/frontend/server.ts";

/** A service with these versions, of which the first takes all requests. */
function storeWith(versions: Readonly<Record<string, object>>, more: object = {}): ApplicationDeclaration {
  const named = Object.entries(versions).map(([name, version], index) => [name, { ...(index > 0 && { weight: 0 }), ...version }]);
  const store = {
    image,
    ports: { http: { port: 8080 } },
    probes: { ready: "/ready" },
    versions: Object.fromEntries(named) as Readonly<Record<string, Version>>,
    ...more,
  };
  return { namespace: "stores", services: { store: store as Service } };
}

const problems = (...store: Parameters<typeof storeWith>) =>
  checkApplications([storeWith(...store)], { gateways: [] }).problems.map((problem) =>
    problem.replace(/^apps: stores\/store /, ""),
  );

/** What runs as the versions of a service, without what makes them versions. */
function runs(...store: Parameters<typeof storeWith>) {
  expect(problems(...store)).toEqual([]);
  const { applications } = checkApplications([storeWith(...store)], { gateways: [] });
  const versions = applications[0]?.services[0]?.versions ?? [];
  return Object.fromEntries(versions.map(({ name, weight: _, replicas: _replicas, ...version }) => [name, version]));
}

describe("the image of a version", () => {
  test("is the service's, and with another tag or digest it is otherwise where it was", () => {
    expect(runs({ v1: {}, v2: { image: { tag: "2" } }, v3: { image: { digest } }, v4: { image: { tag: "4", digest } } })).toEqual(
      {
        v1: { image, env: {} },
        v2: { image: { ...image, tag: "2" }, env: {} },
        v3: { image: { registry: image.registry, repository: image.repository, digest }, env: {} },
        v4: { image: { ...image, tag: "4", digest }, env: {} },
      },
    );
  });

  test("has nothing left of the service's digest with another tag", () => {
    const { v1, v2 } = runs({ v1: {}, v2: { image: { tag: "2" } } }, { image: { ...image, digest } });
    expect([v1?.image, v2?.image]).toEqual([
      { ...image, digest },
      { ...image, tag: "2" },
    ]);
  });

  test("is elsewhere with another registry or repository, of the same tag", () => {
    const { v2, v3 } = runs({
      v1: {},
      v2: { image: { registry: "other.example.com" } },
      v3: { image: { repository: "team/next" } },
    });
    expect([v2?.image, v3?.image]).toEqual([
      { ...image, registry: "other.example.com" },
      { ...image, repository: "team/next" },
    ]);
  });

  test("is a program of this repository beside one in a registry, and the other way around", () => {
    expect(runs({ v1: {}, v2: { image: { source: program } } }).v2?.image).toEqual({ source: program });
    const { v1, v2, v3 } = runs({ v1: {}, v2: { image }, v3: { image: { source: other } } }, { image: { source: program } });
    expect([v1?.image, v2?.image, v3?.image]).toEqual([{ source: program }, image, { source: other }]);
  });

  test("of a program that a registry has too is the registry's, with another tag", () => {
    const { v2 } = runs({ v1: {}, v2: { image: { tag: "2" } } }, { image: { ...image, source: program } });
    expect(v2?.image).toEqual({ ...image, tag: "2" });
  });
});

describe("what a version is started with", () => {
  test("is the service's own command and arguments, or its own", () => {
    const service = { command: ["/bin/store"], args: ["--plain"] };
    expect(runs({ v1: {}, v2: { command: ["/bin/next"] }, v3: { args: ["--verbose"] } }, service)).toEqual({
      v1: { image, ...service, env: {} },
      v2: { image, ...service, command: ["/bin/next"], env: {} },
      v3: { image, ...service, args: ["--verbose"], env: {} },
    });
  });

  test("of a program are arguments alone", () => {
    const { v1, v2 } = runs({ v1: {}, v2: { args: ["--verbose"] } }, { image: { source: program } });
    expect(v1).not.toHaveProperty("args");
    expect(v2).toMatchObject({ image: { source: program }, args: ["--verbose"] });
  });

  test("goes on with the service's command where a registry has the program", () => {
    const { v2 } = runs(
      { v1: {}, v2: { image: { tag: "2" } } },
      { image: { ...image, source: program }, command: ["/bin/store"] },
    );
    expect(v2?.command).toEqual(["/bin/store"]);
  });
});

test("variables of a version are its own before the service's, each by itself", () => {
  const { v1, v2 } = runs({ v1: {}, v2: { env: { MODE: "new", MORE: "1" } } }, { env: { MODE: "old", LEVEL: "info" } });
  expect(v1?.env).toEqual({ MODE: "old", LEVEL: "info" });
  expect(v2?.env).toEqual({ MODE: "new", LEVEL: "info", MORE: "1" });
});

test("resources of a version are its own as a whole, or the service's", () => {
  const limits = { memory: "64Mi" };
  const { v1, v2 } = runs({ v1: {}, v2: { resources: { requests: { cpu: "1" } } } }, { resources: { limits } });
  expect(v1?.resources).toEqual({ limits });
  expect(v2?.resources).toEqual({ requests: { cpu: "1" } });
});

describe("versions that run the same are refused", () => {
  const sentence = (name: string, given: string, than = "v1") =>
    `versions.${name} is ${given}; allowed: a version that differs from ${than} in its image, command, args, env or resources`;

  test.each<[string, object, object, string]>([
    ["with nothing of their own", {}, {}, '{"weight":0}'],
    ["with other pods and weights", {}, { replicas: 3 }, '{"weight":0,"replicas":3}'],
    ["with the service's own tag", {}, { image: { tag: "1" } }, '{"weight":0,"image":{"tag":"1"}}'],
    ["with the service's own image", {}, { image }, `{"weight":0,"image":${JSON.stringify(image)}}`],
    ["with the service's own arguments", { args: ["--plain"] }, { args: ["--plain"] }, '{"weight":0,"args":["--plain"]}'],
    // Of variables no value is told.
    ["with the service's own variables", { env: { A: "1" } }, { env: { A: "1" } }, '{"weight":0,"env":"refused"}'],
    [
      "with the service's own program",
      { image: { source: program } },
      { image: { source: program } },
      `{"weight":0,"image":{"source":"${program}"}}`,
    ],
    [
      "with the service's own tag, where the service names a program too",
      { image: { ...image, source: program } },
      { image: { tag: "1" } },
      '{"weight":0,"image":{"tag":"1"}}',
    ],
  ])("%s", (_what, service, version, given) => {
    expect(problems({ v1: {}, v2: version }, service)).toEqual([sentence("v2", given)]);
  });

  test("also two that both differ from the service", () => {
    const v2 = { image: { tag: "2" } };
    expect(problems({ v1: {}, v2, v3: v2 })).toEqual([sentence("v3", '{"weight":0,"image":{"tag":"2"}}', "v2")]);
  });

  test.each<[string, object]>([
    ["an image", { image: { tag: "2" } }],
    ["a command", { command: ["/bin/next"] }],
    ["arguments", { args: ["--verbose"] }],
    ["a variable", { env: { A: "1" } }],
    ["resources", { resources: { limits: { memory: "64Mi" } } }],
  ])("but not with %s of their own", (_what, version) => {
    expect(problems({ v1: {}, v2: version })).toEqual([]);
  });
});

describe("a version that could not run is refused", () => {
  const repository = "repository is not given; allowed: the path of the image in its registry";
  const registry = "registry is not given; allowed: the host of the image's registry, or mesh:images.registry for all";

  test("with parts of an image, where the service's is a program", () => {
    expect(problems({ v1: {}, v2: { image: { tag: "2" } } }, { image: { source: program } })).toEqual([
      `versions.v2.image.${repository}`,
      `versions.v2.image.${registry}`,
    ]);
    const placed = { registry: "a.example.com", repository: "b" };
    expect(problems({ v1: {}, v2: { image: placed } }, { image: { source: program } })).toEqual([
      "versions.v2.image.tag is not given; allowed: a tag or a digest",
    ]);
  });

  test("with a program and parts of an image, which are of nothing", () => {
    expect(problems({ v1: {}, v2: { image: { source: program, tag: "2" } } })).toEqual([
      `versions.v2.image.${repository}`,
      `versions.v2.image.${registry}`,
    ]);
  });

  const none = "none with image.source, which is the program that runs";
  test("with a command of its own for a program", () => {
    expect(problems({ v1: {}, v2: { command: ["/bin/next"] } }, { image: { source: program } })).toEqual([
      `versions.v2.command is ["/bin/next"]; allowed: ${none}`,
    ]);
    expect(problems({ v1: {}, v2: { command: ["/bin/next"], image: { source: program } } })).toEqual([
      `versions.v2.command is ["/bin/next"]; allowed: ${none}`,
    ]);
  });

  test("with a command of the service, told once, whichever versions are programs", () => {
    const told = [`command is ["/bin/store"]; allowed: ${none}`];
    expect(problems({ v1: {}, v2: { image: { source: program } } }, { command: ["/bin/store"] })).toEqual(told);
    expect(problems({ v1: {}, v2: { args: ["-v"] } }, { image: { source: program }, command: ["/bin/store"] })).toEqual(told);
  });

  test.each<[string, object, string]>([
    ["a command of nothing", { command: [] }, "command is []; allowed: a list of texts, at least one"],
    ["a command as text", { command: "run" }, 'command is "run"; allowed: a list of texts, at least one'],
    ["arguments with a number", { args: ["--port", 80] }, "args[1] is 80; allowed: a list of texts, at least one"],
    ["a tag with a space", { image: { tag: "2 1" } }, 'image.tag is "2 1"; allowed: a tag such as 1.2.3'],
    [
      "an image as text",
      { image: "store:2" },
      'image is "store:2"; allowed: a mapping with registry, repository, tag, digest, source',
    ],
    [
      "a program elsewhere",
      { image: { source: "/etc/server.ts" } },
      'image.source is "/etc/server.ts"; allowed: the path of a TypeScript file below apps/, such as apps/shop/frontend/server.ts',
    ],
    [
      "a quantity that is none",
      { resources: { limits: { memory: "64MB" } } },
      'resources.limits.memory is "64MB"; allowed: a quantity such as 250m or 128Mi, as text',
    ],
    [
      "a variable that is given",
      { env: { VERSION: "2" } },
      "env.VERSION is not a key; allowed: letters, digits and underscores, not beginning with a digit, and none of PORT, VERSION, POD_NAME, DRAIN_MS, which are given",
    ],
  ])("with %s", (_what, version, sentence) => {
    expect(problems({ v1: {}, v2: version })).toEqual([`versions.v2.${sentence}`]);
  });
});

describe("what a stack says of a version", () => {
  const published = { "mesh:sources": "published" };
  const declared = storeWith({ v1: {}, v2: { image: { tag: "2" } } });
  const stackOf = (store: object, images: object = {}) => ({
    ...published,
    "mesh:images": images,
    "mesh:apps": { stores: { store } },
  });

  /** What pods of the versions run. */
  const references = (store: object, images: object = {}, declaration = declared) => {
    const { config, applications } = plan(stackOf(store, images), undefined, [declaration]);
    const versions = resolveApplications(applications, config)[0]?.services[0]?.versions ?? [];
    return Object.fromEntries(versions.map(({ name, image: { reference } }) => [name, reference]));
  };
  const mirror = "mirror.example.com:5000";

  test("is another tag of its image, and no other version's", () => {
    expect(references({})).toEqual({ v1: "registry.example.com/team/store:1", v2: "registry.example.com/team/store:2" });
    expect(references({ versions: { v2: { image: { tag: "3" } } } })).toEqual({
      v1: "registry.example.com/team/store:1",
      v2: "registry.example.com/team/store:3",
    });
  });

  test("is a version that is not declared", () => {
    expect(references({ versions: { v3: { weight: 0, image: { tag: "3" } } } })).toMatchObject({
      v3: "registry.example.com/team/store:3",
    });
    expect(problemsOfStack(stackOf({ versions: { v3: { weight: 0, image: { tag: "2" } } } }), undefined, [declared])).toEqual([
      expect.stringMatching(
        /^mesh:apps\.stores\.store\.versions\.v3 is .*; allowed: a version that differs from v2 in its image/,
      ),
    ]);
  });

  test("is a digest in place of its tag, and null gives a part back", () => {
    expect(references({ versions: { v2: { image: { digest } } } }).v2).toBe(`registry.example.com/team/store@${digest}`);
    const pinned = storeWith({ v1: {}, v2: { image: { tag: "2", digest } } });
    expect(references({ versions: { v2: { image: { digest: null } } } }, {}, pinned).v2).toBe(
      "registry.example.com/team/store:2",
    );
  });

  test("must leave it another one than the others", () => {
    expect(problemsOfStack(stackOf({ versions: { v2: { image: { tag: "1" } } } }), undefined, [declared])).toEqual([
      expect.stringMatching(
        /^mesh:apps\.stores\.store\.versions\.v2 is .*; allowed: a version that differs from v1 in its image/,
      ),
    ]);
    expect(problemsOfStack(stackOf({ versions: { v2: { image: null } } }), undefined, [declared])).toHaveLength(1);
  });

  test("is refused by its place", () => {
    expect(problemsOfStack(stackOf({ versions: { v2: { image: { tag: "a b" } } } }), undefined, [declared])).toEqual([
      'mesh:apps.stores.store.versions.v2.image.tag is "a b"; allowed: a tag such as 1.2.3',
    ]);
  });

  test("is a registry for all images, which has those of versions too", () => {
    expect(references({}, { registry: mirror })).toEqual({ v1: `${mirror}/team/store:1`, v2: `${mirror}/team/store:2` });
    const elsewhere = storeWith({ v1: {}, v2: { image: { registry: "other.example.com", repository: "next", tag: "2" } } });
    expect(references({}, { registry: mirror }, elsewhere)).toEqual({ v1: `${mirror}/team/store:1`, v2: `${mirror}/next:2` });
  });

  test("is a registry for its service alone, which holds for its versions, whatever that for all is", () => {
    for (const images of [{}, { registry: mirror }]) {
      expect(references({ image: { registry: "own.example.com" } }, images)).toEqual({
        v1: "own.example.com/team/store:1",
        v2: "own.example.com/team/store:2",
      });
    }
  });

  test("is a registry for one version alone", () => {
    expect(references({ versions: { v2: { image: { registry: "own.example.com" } } } }, { registry: mirror })).toEqual({
      v1: `${mirror}/team/store:1`,
      v2: "own.example.com/team/store:2",
    });
  });

  test("is the registry of an image that declares none, beside a program", () => {
    const beside = storeWith({ v1: {}, v2: { image: { repository: "team/store", tag: "2" } } }, { image: { source: program } });
    const { v1, v2 } = references({}, { registry: mirror }, beside);
    expect(v1).toMatch(new RegExp(`^${mirror}/library/node:`));
    expect(v2).toBe(`${mirror}/team/store:2`);
  });

  test("of a program changes nothing: it is in no registry", () => {
    const programs = storeWith({ v1: {}, v2: { image: { source: other } } }, { image: { source: program } });
    const { config, applications } = plan(stackOf({}, { registry: mirror }), undefined, [programs]);
    const versions = resolveApplications(applications, config)[0]?.services[0]?.versions ?? [];
    const contents = versions.map(({ image }) => image.program?.content);
    expect(new Set(contents).size).toBe(2);
    expect(contents.every(Boolean)).toBe(true);
  });
});
