import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { mostText, podFields } from "../../../model/container.ts";

/*
 * How containers run: what a team says of a service's pods, what holds unless it does, and what would not run.
 */

type Service = NonNullable<ApplicationDeclaration["services"]>[string];

const image = { registry: "registry", repository: "shop", tag: "1" };
const program = { source: "apps/shop/backend/server.ts" };

/** A service with these options, among objects that somebody else makes. */
const check = (options: object) => {
  const shop = { image, ports: { http: { port: 8080 } }, probes: { ready: "/ready" }, ...options } as unknown as Service;
  const external = { secrets: ["partner"], configMaps: ["regions"] };
  return checkApplications([{ namespace: "stores", external, services: { shop } }], { gateways: [], secrets: ["token"] });
};
const problems = (options: object) => check(options).problems.map((problem) => problem.replace(/^apps: stores\/shop /, ""));

/** The service as it is deployed. */
function deployed(options: object) {
  const { applications, problems } = check(options);
  expect(problems).toEqual([]);
  const [service] = applications[0]?.services ?? [];
  if (!service) throw new Error("There is no service.");
  return service;
}

describe("unless it is said,", () => {
  test("a container runs as a user without any right, has nothing to write to, and nothing runs before it", () => {
    const { container, initContainers, versions } = deployed({});
    expect(container).toEqual({ user: 10_001, group: 10_001, scratch: {}, files: {}, pullSecrets: [] });
    expect(initContainers).toEqual([]);
    expect(versions).toEqual([{ name: "v1", weight: 100, replicas: 2, image, env: {} }]);
  });

  test("its group is the user's number", () => {
    expect(deployed({ container: { user: 1_000 } }).container).toMatchObject({ user: 1_000, group: 1_000 });
    expect(deployed({ container: { group: 2_000 } }).container).toMatchObject({ user: 10_001, group: 2_000 });
  });

  test("what runs before it has the service's image and variables, and its own go before them", () => {
    const initContainers = {
      plain: {},
      own: { image: { tag: "2" }, command: ["/prepare"], args: ["-v"], env: { A: "2", C: "3" } },
    };
    expect(deployed({ env: { A: "1", B: "1" }, initContainers }).initContainers).toEqual([
      { name: "plain", image, env: { A: "1", B: "1" } },
      { name: "own", image: { ...image, tag: "2" }, command: ["/prepare"], args: ["-v"], env: { A: "2", B: "1", C: "3" } },
    ]);
  });
});

test("everything that may be said is taken as it is", () => {
  const container = {
    ...{ user: 1, group: 2_147_483_647, pullSecrets: ["partner", { setting: "token" }] },
    scratch: { "/tmp": "64Mi", "/var/cache/.shop": "1Gi" },
    files: {
      "/etc/shop.conf": "a = 1\n",
      "/etc/of-apps": { source: "apps/shop/index.ts" },
      "/etc/of-secret": { secret: "partner", key: "any" },
      "/etc/of-map": { configMap: "regions", key: "home" },
      "/etc/of-setting": { setting: "token" },
    },
  };
  expect(deployed({ container }).container).toEqual(container);
  const env = {
    TEXT: "",
    _1: { setting: "token" },
    KEY: { secret: "partner", key: "k" },
    HOME: { configMap: "regions", key: "home" },
  };
  const fields = Object.fromEntries(podFields.map((field, index) => [`FIELD_${index}`, { field }]));
  expect(deployed({ env: { ...env, ...fields } }).versions[0]?.env).toEqual({ ...env, ...fields });
});

describe("a user or group is refused", () => {
  test.each<[unknown, string]>([
    [0, "a whole number from 1 to 2147483647"],
    [-1, "a whole number from 1 to 2147483647"],
    [2_147_483_648, "a whole number from 1 to 2147483647"],
    [1.5, "a whole number from 1 to 2147483647"],
    ["root", "a whole number from 1 to 2147483647"],
    [1_337, "the number of a user other than 0, which is root, and 1337, which is the proxy's"],
  ])("%j", (id, allowed) => {
    expect(problems({ container: { user: id } })).toEqual([`container.user is ${JSON.stringify(id)}; allowed: ${allowed}`]);
    const ofGroup = allowed.replace("of a user", "of a group");
    expect(problems({ container: { group: id } })).toEqual([`container.group is ${JSON.stringify(id)}; allowed: ${ofGroup}`]);
  });
});

describe("paths", () => {
  test.each([
    "",
    "/",
    "tmp",
    "./tmp",
    "/tmp/",
    "//tmp",
    "/a//b",
    "/..",
    "/a/../b",
    "/a/..",
    "/.",
    "/a/./b",
    "/a b",
    "/a:b",
    "/*",
    "/proc/self",
    "/dev",
  ])("%j is none", (path) => {
    const allowed =
      "is not a key; allowed: the full path of a file outside /proc, /sys and /dev, in parts of letters, digits and . _ - alone";
    expect(problems({ container: { files: { [path]: "text" } } })).toEqual([`container.files.${path} ${allowed}`]);
    expect(problems({ container: { scratch: { [path]: "1Mi" } } })).toEqual([`container.scratch.${path} ${allowed}`]);
  });

  test.each(["/...", "/.hidden", "/a/..b", "/A-b_c.d/1"])("%j is one", (path) => {
    expect(problems({ container: { files: { [path]: "text" } } })).toEqual([]);
  });

  test("of a file is none of a folder, nor of what another one lies below", () => {
    expect(problems({ container: { scratch: { "/tmp": "1Mi" }, files: { "/tmp": "text", "/tmp/a": "text" } } })).toEqual([
      'container.files./tmp is "text"; allowed: a path that is no scratch folder',
      'container.files./tmp is "text"; allowed: the path of a file, which /tmp/a cannot be below',
    ]);
    expect(problems({ container: { scratch: { "/a/b": "1Mi" }, files: { "/a": "text", "/a-b": "text" } } })).toEqual([
      'container.files./a is "text"; allowed: the path of a file, which /a/b cannot be below',
    ]);
    expect(problems({ container: { scratch: { "/tmp": "1Mi" }, files: { "/tmp/a": "text" } } })).toEqual([]);
  });

  test("are outside of the folder of a program, wherever in the pod one runs", () => {
    const container = { scratch: { "/app": "1Mi", "/apps": "1Mi" }, files: { "/app/a": "text" } };
    const told = [
      'container.scratch./app is "1Mi"; allowed: a path outside /app, where the program of image.source is',
      'container.files./app/a is "text"; allowed: a path outside /app, where the program of image.source is',
    ];
    expect(problems({ container })).toEqual([]);
    expect(problems({ container, image: program })).toEqual(told);
    expect(problems({ container, versions: { v1: {}, v2: { image: program, weight: 0 } } })).toEqual(told);
    expect(problems({ container, initContainers: { prepare: { image: program } } })).toEqual(told);
  });
});

describe("what a container may hold is refused", () => {
  test.each<[string, object, string]>([
    ["a folder of no size", { scratch: { "/tmp": "0Mi" } }, 'scratch./tmp is "0Mi"; allowed: a size such as 64Mi or 1Gi'],
    ["a folder of a number", { scratch: { "/tmp": 64 } }, "scratch./tmp is 64; allowed: a size such as 64Mi or 1Gi"],
    ["a folder beyond a node", { scratch: { "/tmp": "1Ti" } }, 'scratch./tmp is "1Ti"; allowed: a size such as 64Mi or 1Gi'],
    ["folders as a list", { scratch: ["/tmp"] }, 'scratch is ["/tmp"]; allowed: a mapping of paths to sizes'],
    ["files as text", { files: "/a" }, 'files is "/a"; allowed: a mapping of paths to files'],
    [
      "a file of the pod's own",
      { files: { "/a": { field: "metadata.name" } } },
      'files./a is {"field":"metadata.name"}; allowed: text, or a mapping with source, secret and key, configMap and key, or setting',
    ],
    [
      "a file of a Secret without a key",
      { files: { "/a": { secret: "partner" } } },
      'files./a is {"secret":"partner"}; allowed: text, or a mapping with source, secret and key, configMap and key, or setting',
    ],
    ...["/etc/passwd", "apps/../config.ts", "lib/paths.ts"].map((source): [string, object, string] => [
      `the file ${source}`,
      { files: { "/a": { source } } },
      `files./a.source is "${source}"; allowed: the path of a file below apps/, such as apps/shop/settings.json`,
    ]),
    ["a key that nobody knows", { uid: 5 }, "uid is not a key; allowed: user, group, scratch, files, pullSecrets"],
    ["a login as text", { pullSecrets: "partner" }, 'pullSecrets is "partner"; allowed: a list of Secrets'],
    [
      "a login with a key",
      { pullSecrets: [{ secret: "partner", key: "k" }] },
      'pullSecrets[0] is {"secret":"partner","key":"k"}; allowed: the name of a Secret that external.secrets has, or a mapping with setting',
    ],
    [
      "a login twice",
      { pullSecrets: ["partner", "partner"] },
      'pullSecrets[1] is "partner"; allowed: what the list does not have already',
    ],
  ])("%s", (_what, container, sentence) => {
    expect(problems({ container })).toEqual([`container.${sentence}`]);
  });

  test("more text in files than a ConfigMap takes, all of them together, in bytes", () => {
    const half = mostText / 2;
    const files = (text: string) => ({
      container: { files: { "/a": "a".repeat(half), "/b": text, "/c": { setting: "token" } } },
    });
    expect(problems(files("b".repeat(half)))).toEqual([]);
    for (const text of ["b".repeat(half + 1), "ä".repeat(half / 2 + 1)]) {
      expect(problems(files(text))).toEqual([
        expect.stringMatching(/^container\.files is \{"\/a":"a+…; allowed: at most 1000000 bytes of text$/),
      ]);
    }
  });
});

describe("what runs before a container is refused", () => {
  test.each<[string, object, string]>([
    [
      "with a name that is none",
      { Prepare: {} },
      "Prepare is not a key; allowed: lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most 40 long",
    ],
    ["with a command of nothing", { prepare: { command: [] } }, "prepare.command is []; allowed: a list of texts, at least one"],
    [
      "with a command for a program",
      { prepare: { image: program, command: ["/a"] } },
      'prepare.command is ["/a"]; allowed: none with image.source, which is the program that runs',
    ],
    [
      "with a key that nobody knows",
      { prepare: { files: {} } },
      "prepare.files is not a key; allowed: image, command, args, env",
    ],
    ...["shop", "istio-proxy"].map((name): [string, object, string] => [
      `with the name of another container, ${name}`,
      { [name]: {} },
      `${name} is {}; allowed: a name other than shop and not beginning with istio-, which other containers of the pod have`,
    ]),
  ])("%s", (_what, initContainers, sentence) => {
    expect(problems({ initContainers })).toEqual([`initContainers.${sentence}`]);
  });

  test("with parts of an image, where the service's is a program", () => {
    expect(problems({ image: program, initContainers: { prepare: { image: { tag: "2" } } } })).toEqual([
      "initContainers.prepare.image.repository is not given; allowed: the path of the image in its registry",
      "initContainers.prepare.image.registry is not given; allowed: the host of the image's registry, or mesh:images.registry for all",
    ]);
  });
});
