import * as pulumi from "@pulumi/pulumi";
import { expect, test, vi } from "vitest";
import { readStackFile } from "../../cli/support/stack.ts";
import { record } from "../lib/mocks.ts";

type Program = typeof import("../../index.ts");

/** Runs the program as Pulumi does, with this configuration. Each run needs a module of its own, hence the query. */
async function runProgram(config: Record<string, string>, run: string) {
  let outputs: Program | undefined;
  const recording = await record(async () => {
    pulumi.runtime.setAllConfig(config);
    outputs = (await import(`../../index.ts?${run}`)) as Program;
  });
  return { outputs, recording };
}

function resolved(output: unknown): Promise<unknown> {
  return new Promise((resolve) => pulumi.all([output as pulumi.Input<unknown>]).apply(([value]) => resolve(value)));
}

/** What a stack says of the product service alone. */
const ofProduct = (settings: object) => ({ "mesh:apps": JSON.stringify({ product: { product: settings } }) });

test("a stack tells its address, how to administer its cluster, and what to try", async () => {
  const { outputs } = await runProgram(readStackFile("local"), "local");
  expect(await resolved(outputs?.url)).toBe("http://localhost:8080/api/products");
  expect(await resolved(outputs?.urls)).toEqual({ istio: "http://localhost:8080", istioHttps: "https://shop.example.com:8443" });
  expect(await resolved(pulumi.output(outputs?.tryNext[0]))).toBe("curl -i http://localhost:8080/api/products");
  expect(await resolved(pulumi.output(outputs?.tryNext[1]))).toBe(`pulumi preview --diff --stack ${pulumi.getStack()}`);
  expect(await resolved(pulumi.all([outputs?.kubeconfig, outputs?.context, outputs?.authority]))).toEqual([
    "the-kubeconfig",
    "the-context",
    "the-authority",
  ]);
});

test("a port that browsers know by themselves is left out", async () => {
  const ports = JSON.stringify({ ports: { http: 8081, istio: 80 } });
  const { outputs } = await runProgram({ ...readStackFile("local"), "mesh:cluster": ports }, "port");
  expect(await resolved(outputs?.url)).toBe("http://localhost/api/products");
});

test("without plain HTTP the address to try is a host's, at the gateway's own address", async () => {
  const tls = JSON.stringify({ hosts: ["shop.example.com"], plaintext: false });
  const { outputs } = await runProgram({ ...readStackFile("local"), "mesh:tls": tls }, "https");
  const url = "https://shop.example.com:8443/api/products";
  expect(await resolved(outputs?.url)).toBe(url);
  expect(await resolved(outputs?.address)).toBe("localhost");
  expect(await resolved(outputs?.tryNext[0])).toBe(
    `curl -i --connect-to shop.example.com:8443:localhost:8443 --cacert <(pulumi stack output authority --stack ${pulumi.getStack()}) ${url}`,
  );
});

test("the address to try is that of a gateway that offers the service", async () => {
  const file = { ...readStackFile("dev"), ...ofProduct({ exposed: { products: { gateways: ["istio"] } } }) };
  const { outputs } = await runProgram(file, "offering");
  expect(await resolved(outputs?.url)).toBe("http://localhost:8080/api/products");
});

test("faults are an output, and a notice while they are made and once they have ended", async () => {
  const info = vi.spyOn(pulumi.log, "info").mockImplementation(async () => undefined);
  const faultIn = async (until: string) => {
    const file = { ...readStackFile("local"), ...ofProduct({ rules: { fault: { delay: "1s", until } } }) };
    const { outputs, recording } = await runProgram(file, `fault-${until}`);
    const rules = recording.inputs("kubernetes:networking.istio.io/v1:VirtualService", "product-product-routes");
    return { faults: await resolved(outputs?.faults), isMade: JSON.stringify(rules).includes('"fault"') };
  };
  const [lasting, ended] = ["9999-12-31", "2020-01-31"] as const;
  expect(await faultIn(lasting)).toEqual({ faults: [{ service: "product/product", until: lasting }], isMade: true });
  expect(info).toHaveBeenCalledWith(`product/product rules.fault is in force until ${lasting}`);
  expect(await faultIn(ended)).toEqual({ faults: [], isMade: false });
  expect(info).toHaveBeenCalledWith(`product/product rules.fault has ended (${ended}) and is left out`);
  info.mockRestore();
});

test("a configuration that is refused ends the run with its problems, before anything is registered", async () => {
  let refused: unknown;
  const { resources } = await record(async () => {
    pulumi.runtime.setAllConfig({ ...readStackFile("local"), ...ofProduct({ replicas: 0 }) });
    refused = await import("../../index.ts?refused" as string).catch((error: unknown) => error);
  });
  expect(refused).toBeInstanceOf(pulumi.RunError);
  expect((refused as Error).message).toMatch(
    /^Pulumi\.local\.yaml is refused:\n {2}- mesh:apps\.product\.product\.replicas is 0; allowed: a whole number from 1 to 50$/,
  );
  expect(resources).toEqual([]);
});
