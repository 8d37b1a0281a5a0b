import { expect, test } from "vitest";
import { kindTarget } from "../../../stacks/kind.ts";
import type { Target } from "../../../stacks/Target.ts";
import { record } from "../../lib/mocks.ts";
import { parseAs } from "../support/config.ts";

test.each(["built", "published"])("a kind cluster of %s parts is where kind has pods, Services and nodes", async (sources) => {
  const resolved: Target[] = [];
  await record(async () => resolved.push(await kindTarget(parseAs("kind", { "mesh:sources": sources }), [])));
  expect(resolved[0]?.surroundings).toEqual({
    clusterRanges: ["10.244.0.0/16", "10.96.0.0/16", "10.89.0.0/16", "172.18.0.0/16"],
  });
});
