import { describe, expect, test } from "vitest";
import { containerdConfig } from "../../../airgap/node/containerd.ts";
import { containersConf, hardLimits } from "../../../airgap/podman.ts";
import { withVersion } from "../../../airgap/toolchain/charts.ts";

const table = `Limit                     Soft Limit           Hard Limit           Units
Max processes             1000                 96365                processes
Max open files            1024                 20000                files
`;

describe("podman's settings", () => {
  test("ask for no more than the machine grants", () => {
    expect(hardLimits(table, "4194304\n")).toEqual({ files: 20_000, processes: 96_365 });
    expect(containersConf(hardLimits(table, "4194304\n"))).toContain('"nofile=20000:20000", "nproc=96365:96365"');
  });

  test("ask for no more processes than the kernel has numbers", () => {
    expect(hardLimits(table, "32768\n").processes).toBe(32_768);
  });

  test("ask for podman's own default where there is no limit, or no such file", () => {
    const unlimited = table.replaceAll(/(96365|20000)/g, "unlimited");
    expect(hardLimits(unlimited, "4194304\n")).toEqual({ files: 1_048_576, processes: 1_048_576 });
    expect(hardLimits("", "")).toEqual({ files: 1_048_576, processes: 1_048_576 });
  });
});

test("a chart gets its version, and its dependencies keep theirs", () => {
  const chart = "name: istiod\nversion: 1.0.0\nappVersion: 1.0.0\ndependencies:\n  - version: 2.0.0\n";
  expect(withVersion(chart, "1.31.0-abc")).toBe(
    "name: istiod\nversion: 1.31.0-abc\nappVersion: 1.31.0-abc\ndependencies:\n  - version: 2.0.0\n",
  );
});

test("a node's containerd holds pods with the image that kubeadm names", () => {
  expect(containerdConfig("example/pause:1")).toContain('sandbox_image = "example/pause:1"');
});
