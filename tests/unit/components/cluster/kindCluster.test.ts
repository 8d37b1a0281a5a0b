import { describe, expect, test } from "vitest";
import { kindSpec } from "../../../../stacks/kind.ts";
import { recordStack, stackConfig } from "../../../lib/stacks.ts";

describe("the stacks' clusters", () => {
  const onKind = (stack: string) => {
    const config = stackConfig(stack);
    if (config.target !== "kind") throw new Error(`${stack} is not on kind`);
    return config;
  };

  test("`local`: one control plane and two workers of the image that is built here", () => {
    const { nodeImage, ...rest } = kindSpec(onKind("local"));
    expect(nodeImage).toMatch(/^localhost\/mesh\/kind-node:v\d+\.\d+\.\d+-[0-9a-f]{12}$/);
    expect(rest).toEqual({
      name: "mesh-demo",
      workers: 2,
      sources: "built",
      ports: [
        { hostPort: 80, nodePort: 30080 },
        { hostPort: 443, nodePort: 30443 },
        { hostPort: 8080, nodePort: 30808 },
        { hostPort: 8443, nodePort: 30843 },
      ],
    });
  });

  test("`dev`: a published image by digest, and nothing to load", async () => {
    expect(kindSpec(onKind("dev")).nodeImage).toMatch(/^docker\.io\/kindest\/node:v[\d.]+@sha256:[0-9a-f]{64}$/);
    expect((await recordStack("dev")).all("mesh:kind:LoadedImages")).toEqual([]);
  });

  test("the provider is bound to this cluster and no other, whatever its kubeconfig comes to say", async () => {
    const { inputs } = await recordStack("local");
    expect(inputs("pulumi:providers:kubernetes", "mesh-demo")).toEqual({
      kubeconfig: "the-kubeconfig",
      context: "the-context",
      clusterIdentifier: "the-identifier",
      enableServerSideApply: "true",
      enableSecretMutable: "true",
    });
  });
});
