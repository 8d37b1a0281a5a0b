import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { kindConfig } from "../../cli/kind/config.ts";
import { kindSpec } from "../../stacks/kind.ts";
import { stackConfig } from "../lib/stacks.ts";
import { planned } from "./support/containerStandIn.ts";

/*
 * The stacks' kind configurations through the real kind: that it takes them, and which containers it would start. None is started.
 */

const owner = { hostPath: "/var/tmp" };

test.each([
  ["local", "podman"],
  ["dev", "docker"],
] as const)("kind plans the nodes of stack %s as the stack wants them", async (stack, engine) => {
  const spec = specOf(stack);
  const { said, containers } = await planned(kindConfig(spec, owner), engine);
  expect(said).toContain("Preparing nodes");

  expect(containers).toHaveLength(1 + spec.workers);
  for (const args of containers) {
    expect(args.at(-1)).toBe(spec.nodeImage);
    expect(args).toEqual(expect.arrayContaining(["--volume", "--label", `io.x-k8s.kind.cluster=${spec.name}`]));
    expect(args.join(" ")).toContain(`${owner.hostPath}:/etc/mesh-owner:`);
  }
  const portMappings = (containers[0] ?? [])
    .filter((arg) => /^--publish=127\.0\.0\.1:\d+:30\d+\/TCP$/i.test(arg))
    .map((arg) => arg.replace(/^--publish=127\.0\.0\.1:(\d+):(\d+).*$/, "$1 to $2"));
  expect(portMappings).toEqual(spec.ports.map(({ hostPort, nodePort }) => `${hostPort} to ${nodePort}`));
});

test.each([
  [
    "a role that there is none of",
    (config: Broken) => ({ ...config, nodes: [{ role: "control" }] }),
    /"control" is not a valid node role/,
  ],
  [
    "a field that kind does not know",
    (config: Broken) => ({ ...config, podSubnet: "10.0.0.0/8" }),
    /unknown field|field podSubnet not found/,
  ],
  [
    "no control plane",
    (config: Broken) => ({ ...config, nodes: [{ role: "worker" }] }),
    /must have at least one control-plane node/,
  ],
] as const)("kind refuses %s", async (_what, breakIt, message) => {
  const { said, containers } = await planned(stringify(breakIt(parse(kindConfig(specOf("local"), owner)))), "podman");
  expect(said).toMatch(message);
  expect(containers).toEqual([]);
});

type Broken = Record<string, unknown>;

function specOf(stack: string) {
  const config = stackConfig(stack);
  if (config.target !== "kind") throw new Error(`stack ${stack} is on no kind cluster`);
  return kindSpec(config);
}
