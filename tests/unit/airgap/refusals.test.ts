import { mkdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { podmanStorage } from "../../../airgap/podman.ts";
import { isAtLeast, type Machine, preflight, thisMachine } from "../../../airgap/preflight.ts";
import { debianPackages, ensureDebianPackages } from "../../../airgap/toolchain/debian.ts";
import { fetchFailure, requireIntegrity } from "../../../airgap/toolchain/downloads.ts";
import { go } from "../../../airgap/toolchain/go.ts";
import { goFailure } from "../../../airgap/toolchain/goErrors.ts";
import { missingParts } from "../../../airgap/toolchain/index.ts";
import { UserError } from "../../../lib/errors.ts";
import { nearestExisting } from "../../../lib/paths.ts";
import { CommandError } from "../../../lib/process.ts";
import { silentProgress } from "../../lib/silentProgress.ts";
import { Folder } from "./support/folder.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => {
  vi.restoreAllMocks();
  folder.remove();
});

describe("before anything is made", () => {
  /** A machine on which everything can be built, but for what a test changes. */
  const machine = (changes: Partial<Machine> = {}): Machine => ({
    ...thisMachine(),
    platform: "linux",
    arch: "x64",
    uid: 0,
    env: { PATH: folder.program("go", "echo go version go9.9.9 linux/amd64") },
    built: false,
    freeSpace: async () => 1e12,
    disk: async () => 1,
    isWritable: async () => true,
    ...changes,
  });
  const only = async (changes: Partial<Machine>): Promise<string> => {
    const problems = await preflight(machine(changes));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("STACK=dev");
    return problems[0] ?? "";
  };

  test("a machine that has everything has no problem", async () => {
    expect(await preflight(machine())).toEqual([]);
  });

  test("another system, and another processor", async () => {
    expect(await only({ platform: "darwin", arch: "arm64" })).toContain("darwin on arm64");
    expect(await only({ arch: "arm64" })).toContain("x86-64");
  });

  test("no root", async () => {
    expect(await only({ uid: 1000 })).toContain("root");
  });

  test("Go too old", async () => {
    expect(await only({ env: { PATH: folder.program("go", "echo go version go1.20.1 linux/amd64", "old") } })).toContain(
      "Go 1.20.1 is too old",
    );
  });

  test("no Go, no python3: all that is missing at once", async () => {
    mkdirSync(folder.at("empty"));
    const problems = await preflight(machine({ env: { PATH: folder.at("empty") } }));
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual(["Go", "python3"]);
    // Where all is built, nobody asks for them.
    expect(await preflight(machine({ env: { PATH: folder.at("empty") }, built: true }))).toEqual([]);
  });

  test("too little disk", async () => {
    expect(await only({ freeSpace: async () => 1e9 })).toContain("1.0 GB free");
  });

  test("too little on the disk of podman's storage alone", async () => {
    const isPodmans = (folder: string) => folder === nearestExisting(podmanStorage);
    const problem = await only({
      disk: async (folder) => Number(isPodmans(folder)),
      freeSpace: async (folder) => (isPodmans(folder) ? 5e8 : 1e12),
    });
    expect(problem).toMatch(/^Too little disk space for \/var\/lib\/containers: 0\.5 GB free/);
  });

  test("folders that cannot be written: the checkout's, and the cache's where it has not all", async () => {
    const problems = await preflight(machine({ isWritable: async () => false }));
    const [state, ...others] = problems.reverse();
    const hasAll = missingParts().length === 0;
    expect(state).toMatch(/\.state cannot be written.*make the checkout writable/);
    expect(others).toEqual(hasAll ? [] : [expect.stringMatching(/XDG_CACHE_HOME names another place/)]);
  });

  test("versions are compared as numbers", () => {
    expect(isAtLeast("1.26.10", "1.26.2")).toBe(true);
    expect(isAtLeast("1.27", "1.26.2")).toBe(true);
    expect(isAtLeast("1.9.9", "1.26.2")).toBe(false);
    expect(isAtLeast("1.26", "1.26.2")).toBe(false);
  });
});

describe("what the go command says becomes what the user can do", () => {
  const message = (output: string) => {
    const failure = goFailure(new CommandError("go build", output));
    return failure instanceof UserError ? failure.message : undefined;
  };

  test.each([
    ["a status", "example.org/some/module@v1.2.3: reading https://proxy/x/@v/v1.2.3.zip: 403 Forbidden", "403 Forbidden"],
    [
      "no connection",
      'example.org/some/module@v1.2.3: Get "https://proxy/x.zip": dial tcp 10.0.0.1:443: connect: connection refused',
      "dial tcp",
    ],
    [
      "a broken one",
      'go: example.org/some/module@v1.2.3: Get "https://proxy/x.zip": read tcp: connection reset by peer',
      "connection reset",
    ],
    [
      "a slow one",
      'go: example.org/some/module@v1.2.3: Get "https://proxy/x.zip": net/http: TLS handshake timeout',
      "TLS handshake",
    ],
  ])("a registry that fails midway, with %s, names the module and that the same command goes on", (_how, output, reason) => {
    expect(message(`go: downloading example.org/other v1.0.0\n${output}`)).toContain("example.org/some/module@v1.2.3");
    expect(message(output)).toContain(reason);
    expect(message(output)).toContain("run the same command again");
  });

  test("another checksum is refused, not tried again", () => {
    const output =
      "verifying example.org/some/module@v1.2.3: checksum mismatch\n\tdownloaded: h1:a=\n\tgo.sum:     h1:b=\n\nSECURITY ERROR";
    expect(message(output)).toMatch(/^Refused: example\.org\/some\/module@v1\.2\.3 /);
  });

  test("a full disk", () => {
    expect(message("write /root/.cache/go-build/ab: no space left on device")).toContain("disk is full");
  });

  test("an error in a source stays as it is", () => {
    const error = new CommandError("go build", "cmd/nodeagent/main.go:3:1: syntax error");
    expect(goFailure(error)).toBe(error);
  });
});

describe("the go command", () => {
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  /** A go that fails with these words as often as given, and succeeds from then on. */
  const failing = (times: number, words: string) => {
    const calls = folder.at("calls");
    const script = `echo >> ${calls}; [ $(wc -l < ${calls}) -gt ${times} ] && echo done || { echo "${words}" >&2; exit 1; }`;
    process.env.PATH = folder.program("go", script);
    return () => readFileSync(calls, "utf8").length;
  };

  test("is asked again when a registry fails it once", async () => {
    const calls = failing(1, "example.org/some/module@v1.2.3: reading https://proxy/x.zip: 502 Bad Gateway");
    expect(await go(["list"], folder.path)).toBe("done");
    expect(calls()).toBe(2);
  });

  test("is not asked again when a source or a checksum is wrong", async () => {
    const calls = failing(9, "main.go:3:1: syntax error");
    await expect(go(["build"], folder.path)).rejects.toThrow("syntax error");
    expect(calls()).toBe(1);
    failing(9, "verifying example.org/m@v1.2.3: checksum mismatch");
    await expect(go(["build"], folder.path)).rejects.toThrow("Refused: example.org/m@v1.2.3");
    expect(calls()).toBe(2);
  });
});

describe("downloads", () => {
  const integrity = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="; // of nothing

  test("have the pinned content, or are refused", () => {
    expect(() => requireIntegrity("a package", new Uint8Array(), integrity)).not.toThrow();
    expect(() => requireIntegrity("a package", new Uint8Array([1]), integrity)).toThrow("Refused: a package");
  });

  test("that fail are worth another try, unless the content was another", () => {
    const failed = fetchFailure("envoy", new CommandError("python3 -m", "ReadTimeoutError: timed out"));
    expect((failed as Error).message).toMatch(/envoy could not be fetched.*same command/);
    const other = fetchFailure("envoy", new CommandError("python3 -m", "THESE PACKAGES DO NOT MATCH THE HASHES"));
    expect((other as Error).message).toContain("Refused: envoy");
  });
});

describe("Debian packages", () => {
  const withPath = async (path: string, work: () => Promise<unknown>) => {
    const before = process.env.PATH;
    process.env.PATH = path;
    try {
      await work();
    } finally {
      process.env.PATH = before;
    }
  };

  /** A dpkg-query that knows the given packages only, and a python3 with pip. */
  const withInstalled = (names: readonly string[]) => {
    folder.program("python3", "echo pip 24");
    return folder.program(
      "dpkg-query",
      `${names.map((name) => `echo "${name} installed"`).join("\n")}\nexit ${names.length ? 0 : 1}`,
    );
  };

  test("that are missing are named with the line to type, for a user who is not root", async () => {
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    const installed = debianPackages.filter((name) => name !== "podman");
    await withPath(withInstalled(installed), () =>
      expect(ensureDebianPackages(silentProgress)).rejects.toThrow(/apt-get install --yes --no-install-recommends podman$/),
    );
  });

  test("that are there are not installed again", async () => {
    folder.program("apt-get", "exit 1");
    await withPath(withInstalled(debianPackages), () => ensureDebianPackages(silentProgress));
  });

  test("are installed after what a killed installation has begun, and while others have dpkg's lock that is waited for", async () => {
    for (const name of ["dpkg", "apt-get"]) folder.program(name, `echo "${name} $*" >> ${folder.at("calls")}`);
    vi.spyOn(process, "getuid").mockReturnValue(0);
    const installed = debianPackages.filter((name) => name !== "podman");
    await withPath(withInstalled(installed), () => ensureDebianPackages(silentProgress));
    expect(readFileSync(folder.at("calls"), "utf8").trim().split("\n")).toEqual([
      "dpkg --configure --pending",
      "apt-get update --quiet",
      "apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends podman",
    ]);
  });

  test("that cannot be installed: one message, with apt's own words", async () => {
    folder.program("dpkg", "");
    folder.program("apt-get", '[ "$1" = update ] || { echo "E: Unable to locate package podman" >&2; exit 100; }');
    vi.spyOn(process, "getuid").mockReturnValue(0);
    await withPath(withInstalled([]), () =>
      expect(ensureDebianPackages(silentProgress)).rejects.toThrow("Unable to locate package podman"),
    );
  });
});
