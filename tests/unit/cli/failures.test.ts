import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, expect, test } from "vitest";
import { watchingEvents } from "../../../cli/pulumi/events.ts";
import { Failures } from "../../../cli/pulumi/failures.ts";
import { ResourceSpans } from "../../../cli/pulumi/resourceSpans.ts";
import { runUpdate } from "../../../cli/pulumi/stack.ts";
import { Fakes } from "./support/fakes.ts";

const urn =
  "urn:pulumi:local::mesh::mesh:app:Application$mesh:app:Traffic$kubernetes:networking.istio.io/v1:VirtualService::backend-routes";
const said = (message: string, severity = "error") => ({ diagnosticEvent: { urn, severity, message } });
const failed = { resOpFailedEvent: { metadata: { op: "update", urn } } };
const line = JSON.stringify(failed);

test("a failed resource is named with the first line of its reason", () => {
  const failures = new Failures();
  expect(failures.take(said("only a warning", "warning"))).toBeUndefined();
  expect(failures.take(said("refused: invalid retry condition 499\nat …"))).toBeUndefined();
  expect(failures.take(failed)).toBe("VirtualService backend-routes failed: refused: invalid retry condition 499");
});

test("of a list of errors the first is told, and not their number", () => {
  const failures = new Failures();
  failures.take(said("1 error occurred:\n\t* Deployment prod/shop-v1: 1 of 2 pods are ready\n"));
  expect(failures.take(failed)).toBe("VirtualService backend-routes failed: Deployment prod/shop-v1: 1 of 2 pods are ready");
});

test("what tells of no failure, or of one without a reason, does no harm", () => {
  expect(new Failures().take({})).toBeUndefined();
  expect(new Failures().take(failed)).toBe("VirtualService backend-routes failed");
});

test("events are told while the update goes on, also when one arrives in pieces, and none of what is no event", async () => {
  const told: unknown[] = [];
  let log = "";
  let end = () => {};
  const another = line.replace("backend-routes", "frontend-routes");
  await watchingEvents(
    async (eventLog) => {
      log = eventLog;
      appendFileSync(log, `{\n${line}\n${another.slice(0, 20)}`);
      // The update ends only when all were told.
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    },
    (event) => {
      told.push(event);
      if (told.length === 2) appendFileSync(log, `${another.slice(20)}\n`);
      if (told.length === 3) end();
    },
  );
  expect(told).toEqual([{}, failed, JSON.parse(another)]);
  expect(existsSync(log)).toBe(false);
});

test("a resource is under way from its first event to its last, whether or not that is a failure; what stays as it is does not count", () => {
  const spans = new ResourceSpans();
  const of = (op: string, name: string) => ({ metadata: { op, urn: urn.replace("backend-routes", name) } });
  spans.take({ resourcePreEvent: of("create", "a") }, 1);
  spans.take({ resourcePreEvent: of("same", "b") }, 2);
  spans.take({ resourcePreEvent: of("update", "c") }, 3);
  spans.take({ resourcePreEvent: of("update", "d") }, 3);
  spans.take({ resOpFailedEvent: of("update", "c") }, 4);
  spans.take({ resOutputsEvent: of("same", "b") }, 5);
  spans.take({ resOutputsEvent: of("create", "a") }, 6);
  expect(spans.all).toEqual([
    { what: "VirtualService c", from: 3, to: 4 },
    { what: "VirtualService a", from: 1, to: 6 },
  ]);
});

let fakes: Fakes | undefined;

afterEach(() => {
  fakes?.remove();
  fakes = undefined;
});

const wait = "while :; do sleep 0.1; done";
const writeEvents = `printf '%s\\n' '${line}' > "\${@: -1}"`;

test("an update that costs money is told of a failure, and ends in its own time", async () => {
  fakes = new Fakes();
  // Long enough for an interrupt to come, which it would not survive.
  fakes.program("pulumi", `trap 'exit 1' INT; ${writeEvents}; while [ ! -e "$FAKES/told" ]; do sleep 0.05; done; sleep 0.5`);
  const told: string[] = [];
  const say = (sentence: string) => {
    told.push(sentence);
    writeFileSync(join(fakes?.folder ?? "", "told"), "");
  };
  const stack = { name: "eks", env: process.env };
  expect(await runUpdate(stack, say, { grace: Number.POSITIVE_INFINITY }, "up", "--yes")).toBe(true);
  expect(told).toEqual(["VirtualService backend-routes failed."]);
});

test.each([
  [
    "waits for what is under way is interrupted, which ends in its own time",
    `trap 'echo saved > "$FAKES/state"; exit 1' INT; ${writeEvents}; ${wait}`,
    false,
  ],
  ["ends well nevertheless has done so", `${writeEvents}; sleep 1`, true],
])("after a failure an update that %s", async (_how, script, done) => {
  fakes = new Fakes();
  fakes.program("pulumi", `[ "$PULUMI_DEBUG_COMMANDS" = true ] || exit 2\n${script}`);
  const told: string[] = [];
  const stack = { name: "local", env: process.env };
  const update = runUpdate(stack, (sentence) => told.push(sentence), { grace: done ? 60_000 : 0 }, "up", "--yes");
  expect(await update).toBe(done);
  expect(told[0]).toBe("VirtualService backend-routes failed.");
  if (!done) expect(fakes.read("state")).toBe("saved\n");
  expect(fakes.calls[0]).toMatch(/^pulumi up --yes --non-interactive --stack local --color never --event-log /);
});
