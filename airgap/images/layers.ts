import { lstat, readdir, realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import { output } from "../../lib/process.ts";
import { file, folder, link, program, type Tree, text, treeOf } from "../../lib/tree.ts";
import { pins } from "../pins.ts";
import { nodeBinary } from "../toolchain/downloads.ts";

/** Layers that several images share, so that a node holds each once. */
export interface SharedLayers {
  /** The C library, certificates, and the names of the users: enough for any program that is linked against glibc. */
  readonly base: Tree;
  /** iptables as Debian has it, on top of {@link base}. */
  readonly iptables: Tree;
  /** The Node.js runtime, on top of {@link base}. */
  readonly node: Tree;
}

/** The user of PostgreSQL, as in its official image. */
export const postgres = "999:999";

/** The user of everything else that needs no privilege. */
export const nonroot = "65532:65532";

const users = `root:x:0:0:root:/root:/sbin/nologin
postgres:x:999:999:postgres:/var/lib/postgresql:/sbin/nologin
istio-proxy:x:1337:1337:istio-proxy:/nonexistent:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/nonexistent:/sbin/nologin
`;
const groups = "root:x:0:\npostgres:x:999:\nistio-proxy:x:1337:\nnogroup:x:65534:\nnonroot:x:65532:\n";

const libraries = "usr/lib/x86_64-linux-gnu";

/** Takes the shared layers out of a Debian root file system: each holds what its programs load, and nothing else. */
export async function sharedLayers(debian: string): Promise<SharedLayers> {
  const glibc = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2"];
  const base = await treeOf(
    link("/lib", "usr/lib"),
    link("/lib64", "usr/lib64"),
    link("/bin", "usr/bin"),
    link("/sbin", "usr/sbin"),
    folder("/tmp", 0o1777),
    text("/etc/passwd", users),
    text("/etc/group", groups),
    text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    file("/etc/ssl/certs/ca-certificates.crt", join(debian, "etc/ssl/certs/ca-certificates.crt")),
    file("/usr/lib64/ld-linux-x86-64.so.2", join(debian, libraries, "ld-linux-x86-64.so.2"), 0o755),
    ...glibc.map((name) => file(`/${libraries}/${name}`, join(debian, libraries, name))),
  );
  return { base, iptables: await iptablesLayer(debian, base), node: await nodeLayer(debian, base) };
}

async function iptablesLayer(debian: string, base: Tree): Promise<Tree> {
  const extensions = join(libraries, "xtables");
  const modules = (await readdir(join(debian, extensions))).map((name) => join(extensions, name));
  const tools = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);
  return treeOf(
    program("/usr/sbin/xtables-nft-multi", join(debian, "usr/sbin/xtables-nft-multi")),
    ...tools.map((name) => link(`/usr/sbin/${name}`, "xtables-nft-multi")),
    ...(await parts(debian, modules)),
    ...(await parts(debian, await loadedBy(debian, ["usr/sbin/xtables-nft-multi", ...modules], base))),
  );
}

async function nodeLayer(debian: string, base: Tree): Promise<Tree> {
  const loaded = [`${libraries}/libstdc++.so.6`, `${libraries}/libgcc_s.so.1`];
  return treeOf(
    program("/usr/local/bin/node", nodeBinary()),
    text("/etc/node-release", `${pins.node.version}\n`),
    ...(await parts(debian, [...loaded, ...(await loadedBy(debian, loaded, base))])),
  );
}

/** Files of the Debian root as parts of a layer; links between modules stay links. */
export async function parts(debian: string, paths: readonly string[]) {
  return Promise.all(
    [...new Set(paths)].map(async (path) => {
      const source = join(debian, path);
      const inModules = path.includes("/xtables/") && (await lstat(source)).isSymbolicLink();
      return inModules ? link(`/${path}`, relative(join(source, ".."), await realpath(source))) : file(`/${path}`, source);
    }),
  );
}

const linker = "/lib64/ld-linux-x86-64.so.2";

/**
 * The libraries that programs load, as the dynamic linker itself finds them: a missing one makes single iptables
 * extensions fail without a word. What the layers below have is left out.
 */
export async function loadedBy(debian: string, files: readonly string[], below: Tree): Promise<string[]> {
  const found = new Set<string>();
  for (const path of files) {
    const listed = await output("chroot", [debian, linker, "--list", `/${path}`]);
    for (const [, library = ""] of listed.matchAll(/=> \/(\S+)/g)) found.add(library.replace(/^lib\//, "usr/lib/"));
  }
  return [...found].filter((path) => !below.has(path)).sort();
}
