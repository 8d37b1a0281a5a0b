import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";

/** A file's content: where this machine has it, the bytes themselves, or what makes them anew at each reading. */
export type Source = string | Buffer | (() => AsyncIterable<Buffer>);

/** One entry of a file system: what an image's layer holds under a path. */
export type Entry = { readonly mode: number; readonly uid: number; readonly gid: number } & (
  | { readonly kind: "file"; readonly size: number; readonly source: Source }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
);

/** Paths, without a leading slash, and what is there. */
export type Tree = ReadonlyMap<string, Entry>;

type Part = (tree: Map<string, Entry>) => void | Promise<void>;

const root = { uid: 0, gid: 0 };

/** A tree of parts; a later part replaces what an earlier one put under the same path. */
export async function treeOf(...parts: readonly Part[]): Promise<Tree> {
  const tree = new Map<string, Entry>();
  for (const part of parts) await part(tree);
  return tree;
}

/** A file with the given content. */
export function text(path: string, content: string, mode = 0o644): Part {
  const source = Buffer.from(content);
  return (tree) => void tree.set(relative(path), { kind: "file", mode, ...root, size: source.length, source });
}

/** A file of this machine, followed where it is a link. */
export function file(path: string, source: string, mode = 0o644): Part {
  return async (tree) => {
    const { size } = await stat(source);
    tree.set(relative(path), { kind: "file", mode, ...root, size, source });
  };
}

/** A program of this machine. */
export const program = (path: string, source: string): Part => file(path, source, 0o755);

/** An empty folder, where its mode matters or nothing else makes it. */
export function folder(path: string, mode = 0o755): Part {
  return (tree) => void tree.set(relative(path), { kind: "folder", mode, ...root });
}

/** A symbolic link. */
export function link(path: string, target: string): Part {
  return (tree) => void tree.set(relative(path), { kind: "link", mode: 0o777, ...root, target });
}

/**
 * Everything below a folder of this machine, with its modes, under the given path.
 *
 * @param keep - decides by the path in the tree; what is below a refused folder is left out as well.
 */
export function copyOf(source: string, path: string, keep: (path: string) => boolean = () => true): Part {
  return async (tree) => {
    for (const name of await readdir(source)) {
      const from = join(source, name);
      const to = relative(posix.join(path, name));
      if (!keep(`/${to}`)) continue;
      const stats = await lstat(from);
      const owner = { mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
      if (stats.isSymbolicLink()) tree.set(to, { kind: "link", ...owner, target: await readlink(from) });
      else if (stats.isFile()) tree.set(to, { kind: "file", ...owner, size: stats.size, source: from });
      else if (stats.isDirectory()) {
        tree.set(to, { kind: "folder", ...owner });
        await copyOf(from, `/${to}`, keep)(tree);
      } // sockets and devices are made by who needs them
    }
  };
}

/**
 * Everything below a folder of this checkout, as git has it: a file is executable or not, and nothing else; whoever has
 * checked it out, and with whatever umask.
 */
export function checkedOut(source: string, path: string, keep?: (path: string) => boolean): Part {
  return async (tree) => {
    const copied = new Map<string, Entry>();
    await copyOf(source, path, keep)(copied);
    for (const [to, entry] of copied) {
      if (entry.kind !== "folder") tree.set(to, { ...entry, ...root, mode: entry.mode & 0o100 ? 0o755 : 0o644 });
    }
  };
}

/** Another tree under the given path. */
export function below(path: string, tree: Tree): Part {
  return (all) => {
    for (const [name, entry] of tree) all.set(relative(posix.join(path, name)), entry);
  };
}

/** Takes paths out again, with all that is below them. */
export function without(...paths: readonly string[]): Part {
  const gone = paths.map(relative);
  return (tree) => {
    for (const path of tree.keys()) {
      if (gone.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) tree.delete(path);
    }
  };
}

const relative = (path: string) => path.replace(/^\/+/, "");
