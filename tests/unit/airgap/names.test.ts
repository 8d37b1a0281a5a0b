import { describe, expect, test } from "vitest";
import { keyOf, moduleVersion } from "../../../airgap/inputs.ts";
import {
  chartPath,
  fullName,
  imageHub,
  imageReference,
  istioVersion,
  nodeImageReference,
  toolchainKey,
  toolchainParts,
  toolchainPath,
} from "../../../airgap/names.ts";
import { cacheDir } from "../../../lib/paths.ts";
import { builtImages } from "../../../plan.ts";

describe("keys", () => {
  test("change with a file, with a fact, and with a file that is there no more", () => {
    const keys = [
      keyOf(["airgap/names.ts"]),
      keyOf(["airgap/inputs.ts"]),
      keyOf(["airgap/names.ts"], "a fact"),
      keyOf(["airgap/names.ts", "airgap/inputs.ts"]),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => /^[0-9a-f]{12}$/.test(key))).toBe(true);
  });

  test("are those of the files below a folder, in whatever order they are named", () => {
    const folder = "airgap/cmd/nodeagent/volumes";
    expect(keyOf([`${folder}/run.go`, `${folder}/volume.go`])).toBe(keyOf([folder]));
    expect(keyOf([`${folder}/volume.go`, `${folder}/run.go`])).toBe(keyOf([folder]));
  });

  test("are refused over sources that are not there", () => {
    expect(() => keyOf(["airgap/nowhere"])).toThrow("nowhere");
  });
});

describe("names", () => {
  const all = builtImages();

  test("Istio's images share one tag, every other has its own", () => {
    const tags = all.map((image) => imageReference(image).tag);
    const { tag } = imageReference({ name: "pilot" });
    expect(imageReference({ name: "proxyv2" })).toEqual({ registry: "localhost", repository: "mesh/proxyv2", tag });
    expect(fullName(imageReference({ name: "proxyv2" }))).toBe(`${imageHub}/proxyv2:${tag}`);
    expect(imageReference({ name: "install-cni" }).tag).toBe(tag);
    expect(new Set(tags).size).toBe(all.length - 2);
  });

  test("a tag never reads as a number, as a chart's values would make it one", () => {
    for (const image of all) expect(imageReference(image).tag).toMatch(/^\d+(\.\d+\.\d+)?-[0-9a-f]{12}$/);
  });

  test("the node image tells its Kubernetes version, and the charts Istio's", () => {
    expect(nodeImageReference()).toMatch(
      new RegExp(`^localhost/mesh/kind-node:${moduleVersion("k8s.io/kubernetes")}-[0-9a-f]{12}$`),
    );
    expect(chartPath("istiod")).toContain(istioVersion());
  });

  test("each part of the toolchain depends on sources of its own", () => {
    expect(new Set(toolchainParts.map(toolchainKey)).size).toBe(toolchainParts.length);
  });

  test("everything lives below the user's cache", () => {
    for (const folder of toolchainPath()) expect(folder.startsWith(`${cacheDir}/toolchain/`)).toBe(true);
    expect(chartPath("base").startsWith(`${cacheDir}/charts/`)).toBe(true);
  });

  test("a module that nobody requires has no version", () => {
    expect(() => moduleVersion("example.org/unknown")).toThrow("example.org/unknown");
  });
});
