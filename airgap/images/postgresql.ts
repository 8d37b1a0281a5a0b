import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { projectDir } from "../../lib/paths.ts";
import { copyOf, folder, link, program, type Tree, treeOf } from "../../lib/tree.ts";
import { pins } from "../pins.ts";
import { loadedBy, parts, type SharedLayers } from "./layers.ts";

const home = `usr/lib/postgresql/${pins.postgresql}`;
const share = `usr/share/postgresql/${pins.postgresql}`;

/** The server, what makes its files, what asks whether it is ready, and a client for people. */
const programs = ["initdb", "pg_isready", "postgres", "psql"];

/** What the entrypoint runs, and initdb its programs with. */
const tools = ["chmod", "dash", "locale", "mktemp", "mv", "rm", "rmdir"];

/** Modules that pull in more than they are worth: compiling queries, and rules of SELinux. */
const unwanted = /^(llvmjit|sepgsql)\.so$/;

/** PostgreSQL's programs where Debian has them, before all others. */
export const postgresqlEnvironment = {
  Env: [`PATH=/${home}/bin:/usr/local/bin:/usr/bin`, "LANG=C.UTF-8"],
};

/**
 * PostgreSQL out of Debian's packages: its programs, its modules and what they load, its share files, time zones, and a shell for
 * those programs that run others through one.
 */
export async function postgresqlLayers(debian: string, { base }: SharedLayers): Promise<readonly Tree[]> {
  const modules = (await readdir(join(debian, home, "lib")))
    .filter((name) => name.endsWith(".so") && !unwanted.test(name))
    .map((name) => `${home}/lib/${name}`);
  const run = [...programs.map((name) => `${home}/bin/${name}`), ...tools.map((name) => `usr/bin/${name}`)];
  const server = await treeOf(
    ...run.map((path) => program(`/${path}`, join(debian, path))),
    link("/usr/bin/sh", "dash"),
    ...(await parts(debian, [...modules, ...(await loadedBy(debian, [...run, ...modules], base))])),
    copyOf(join(debian, share), `/${share}`, (path) => path !== `/${share}/man`),
    copyOf(join(debian, "usr/share/zoneinfo"), "/usr/share/zoneinfo", (path) => !/\/(posix|right)$/.test(path)),
    copyOf(join(debian, "usr/lib/locale/C.utf8"), "/usr/lib/locale/C.utf8"),
    folder("/var/lib/postgresql"),
    folder("/var/run/postgresql"),
  );
  const entrypoint = join(projectDir, "airgap/images/rootfs/postgresql-entrypoint");
  return [base, server, await treeOf(program("/usr/local/bin/postgresql-entrypoint", entrypoint))];
}
