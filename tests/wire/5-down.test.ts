import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, make, saw } from "../lib/runningStack.ts";
import { differences, type HostListing, listHost, recordedListing } from "./support/host.ts";

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
