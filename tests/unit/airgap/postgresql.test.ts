import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectDir } from "../../../lib/paths.ts";
import { attempt } from "../../../lib/process.ts";
import { Folder } from "./support/folder.ts";

/*
 * The entrypoint of the PostgreSQL image against programs of PostgreSQL's names that write down what they were told. That the
 * real ones do what they are told is seen in a cluster.
 */

const entrypoint = join(projectDir, "airgap/images/rootfs/postgresql-entrypoint");

let folder: Folder;
let data: string;

beforeEach(() => {
  folder = new Folder();
  data = folder.at("volume/pgdata");
  for (const name of ["bin", "volume", "tmp"]) mkdirSync(folder.at(name));
  program(
    "initdb",
    `for word in "$@"; do
       case $word in
         --pgdata=*) new=\${word#*=} ;;
         --pwfile=*) echo "password: $(cat "\${word#*=}")" >> "$SAID" ;;
       esac
     done`,
    'mkdir "$new"; echo 15 > "$new/PG_VERSION"; echo trust > "$new/pg_hba.conf"',
  );
  program(
    "postgres",
    '[ "$*" != --version ] || echo "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"',
    '[ "$1" != --single ] || cat >> "$SAID"',
  );
});
afterEach(() => folder.remove());

function program(name: string, ...lines: string[]): void {
  const said = `[ "$*" = --version ] || echo "${name} $*" >> "$SAID"`;
  writeFileSync(folder.at(`bin/${name}`), ["#!/bin/sh", "set -e", said, ...lines, ""].join("\n"), { mode: 0o755 });
}

async function start(env: Record<string, string> = {}, ...args: string[]) {
  const own = {
    PATH: `${folder.at("bin")}:/usr/bin:/bin`,
    PGDATA: data,
    SAID: folder.at("said"),
    TMPDIR: folder.at("tmp"),
    ...env,
  };
  const { ok, all } = await attempt("/bin/sh", [entrypoint, ...args], { env: { POSTGRES_DB: undefined, ...own } });
  const said = existsSync(own.SAID) ? readFileSync(own.SAID, "utf8").trim().split("\n") : [];
  return { ok, all, said };
}

const credentials = { POSTGRES_USER: "keeper", POSTGRES_PASSWORD: "s3cret", POSTGRES_DB: "shop" };

describe("a new volume", () => {
  test("gets its files, the user, the database and a rule for callers, and then the server starts on it", async () => {
    const { ok, said } = await start(
      { ...credentials, POSTGRES_INITDB_ARGS: "--locale=C.UTF-8 --encoding=UTF8" },
      "-c",
      "max_connections=50",
    );
    expect(ok).toBe(true);
    expect(said).toEqual([
      expect.stringMatching(
        /^initdb --pgdata=.*pgdata\.new --username=keeper .*--auth-host=scram-sha-256 --locale=C\.UTF-8 --encoding=UTF8$/,
      ),
      "password: s3cret",
      `postgres --single -D ${data}.new postgres`,
      'CREATE DATABASE "shop"',
      `postgres -D ${data} -c listen_addresses=* -c max_connections=50`,
    ]);
    expect(readFileSync(join(data, "pg_hba.conf"), "utf8")).toBe("trust\n\nhost all all all scram-sha-256\n");
  });

  test("leaves no trace of the password", async () => {
    await start(credentials);
    expect((await attempt("grep", ["--recursive", "s3cret", folder.at("tmp"), folder.at("volume")])).ok).toBe(false);
  });

  test("of which an attempt was cut off begins anew", async () => {
    mkdirSync(`${data}.new/base`, { recursive: true });
    const { ok } = await start(credentials);
    expect(ok).toBe(true);
    expect(existsSync(join(data, "base"))).toBe(false);
    expect(existsSync(`${data}.new`)).toBe(false);
  });

  test("is left alone when making the files fails", async () => {
    program("initdb", "exit 1");
    expect((await start(credentials)).ok).toBe(false);
    expect(existsSync(data)).toBe(false);
  });
});

describe("a volume with files", () => {
  test("of this major version is opened as it is, for its owner alone", async () => {
    mkdirSync(data, { mode: 0o770 });
    writeFileSync(join(data, "PG_VERSION"), "15\n");
    const { ok, said } = await start(credentials);
    expect(ok).toBe(true);
    expect(said).toEqual([`postgres -D ${data} -c listen_addresses=*`]);
    expect((await attempt("stat", ["--format=%a", data])).stdout).toBe("700");
  });

  test("of another is not opened: the log says which, and what to do", async () => {
    mkdirSync(data);
    writeFileSync(join(data, "PG_VERSION"), "17\n");
    const { ok, all, said } = await start(credentials);
    expect(ok).toBe(false);
    expect(all).toMatch(/pgdata was made by PostgreSQL 17; this is PostgreSQL 15, which cannot open it\. .*pg_dumpall/);
    expect(said).toEqual([]);
  });

  test("that are not PostgreSQL's is refused", async () => {
    mkdirSync(data);
    writeFileSync(join(data, "letter"), "");
    const { ok, all } = await start(credentials);
    expect(ok).toBe(false);
    expect(all).toContain(`${data} is neither empty nor PostgreSQL's.`);
    expect(existsSync(join(data, "letter"))).toBe(true);
  });
});

describe("refusals", () => {
  test.each([
    [{ POSTGRES_PASSWORD: "" }, "POSTGRES_PASSWORD is empty"],
    [{ POSTGRES_DB: 'shop"; DROP' }, 'not shop"; DROP.'],
    [{ POSTGRES_USER: "a b" }, "not a b."],
  ])("%j", async (env, sentence) => {
    const { ok, all, said } = await start({ ...credentials, ...env });
    expect(ok).toBe(false);
    expect(all).toContain(sentence);
    expect(said).toEqual([]);
  });
});
