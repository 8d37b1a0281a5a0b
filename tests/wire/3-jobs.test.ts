import { beforeAll, expect, test } from "@jest/globals";
import { haveUp, kubeGet, make, saw } from "../lib/runningStack.ts";
import { listPods } from "./support/pods.ts";
import { withConfigSet } from "./support/settings.ts";

interface Jobs {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string } }[];
}

const migrations = async () => (await kubeGet<Jobs>("jobs", "--namespace=prod", "--selector=app=migrate")).items;
const backends = async () => (await listPods("app=backend", "prod")).map(({ uid }) => uid).sort();

beforeAll(async () => {
  await haveUp();
});

test("a migration that fails is told with its reason, and what waits for it stays as it was; the next one takes its place", async () => {
  const before = await backends();
  const settings = {
    "mesh:apps.prod.migrate.env.PGHOST": "nowhere",
    "mesh:apps.prod.migrate.retries": "0",
    "mesh:apps.prod.backend.env.NOTE": "waits",
  };
  await withConfigSet(settings, async () => {
    const failed = await make("up");
    saw(
      failed.all
        .split("\n")
        .filter((line) => /getaddrinfo|has failed/.test(line))
        .slice(0, 2)
        .join("\n         "),
    );
    expect(failed.exitCode).not.toBe(0);
    expect(failed.all).toMatch(/Job prod\/prod-migrate-\w+ has failed/);
    expect(failed.all).toMatch(/migrate failed.*getaddrinfo ENOTFOUND nowhere/);
    expect(await backends()).toEqual(before);
    const status = await make("status");
    expect(status.exitCode).not.toBe(0);
    expect(status.all).toMatch(/Job prod\/prod-migrate-\w+ has failed/);
  });
  // The file and the stack are as they were.
  expect(await migrations()).toHaveLength(1);
  expect((await make("status")).all).toMatch(/Nothing is wrong/);
});
