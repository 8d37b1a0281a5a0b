import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execa } from "execa";
import { differences, type HostListing, listHost, recordedListing } from "./support/host.ts";
import { askProducts } from "./support/product.ts";
import { bringUp, eventually, make, saw } from "./support/stack.ts";

let before: HostListing;

beforeAll(async () => {
  const recorded = await recordedListing();
  if (!recorded) await takeDown();
  before = recorded ?? (await listHost());
});

afterAll(async () => {
  await make("down");
});

test("`make down` leaves nothing that was not there before", async () => {
  await takeDown();
  await expectNothingLeft();
});

test("`make down` with nothing there is fine", async () => {
  expect((await make("down")).exitCode).toBe(0);
});

test("`make up` killed while the cluster starts, and again while Istio is installed: the next one ends in 200", async () => {
  await killWhenItSays(/Starting control-plane|Preparing nodes/);
  await killWhenItSays(/istiod.* creat/);
  const up = await bringUp();
  saw(`make up after two of kill -9: ${up.seconds.toFixed(1)} s`);
  expect((await askProducts()).status).toBe(200);
});

test("`make down` after all that leaves nothing either", async () => {
  await takeDown();
  await expectNothingLeft();
});

async function takeDown(): Promise<void> {
  const down = await make("down");
  saw(`make down: ${down.seconds.toFixed(1)} s`);
  expect(down.all).not.toMatch(/error/i);
  expect(down.exitCode).toBe(0);
}

/** Whatever else this machine does may start a process of its own meanwhile; that ends, what we left would stay. */
async function expectNothingLeft(): Promise<void> {
  await eventually("the machine as it was before", 30, async () => expect(differences(before, await listHost())).toEqual({}));
}

/** Starts `make up` in a process group of its own and kills the whole group as soon as its output matches. */
async function killWhenItSays(sign: RegExp): Promise<void> {
  const up = execa("make", ["up"], { detached: true, reject: false, stdin: "ignore", all: true });
  let said = "";
  let killed = false;
  up.all.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (killed || !sign.test(said) || up.pid === undefined) return;
    killed = true;
    process.kill(-up.pid, "SIGKILL");
  });
  await up;
  if (!killed) throw new Error(`make up ended before it said ${sign}:\n${said}`);
}
