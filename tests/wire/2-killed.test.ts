import { beforeAll, expect, test } from "@jest/globals";
import { execa } from "execa";
import { bringUp, make, saw } from "../lib/runningStack.ts";
import { askProducts } from "./support/product.ts";

beforeAll(async () => {
  await make("down");
});

test("`make up` killed while the cluster starts, and again while Istio is installed: the next one ends in 200", async () => {
  await killWhenItSays(/Starting control-plane|Preparing nodes/);
  await killWhenItSays(/istiod.* creat/);
  const up = await bringUp();
  saw(`make up after two of kill -9: ${up.seconds.toFixed(1)} s`);
  expect((await askProducts()).status).toBe(200);
});

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
