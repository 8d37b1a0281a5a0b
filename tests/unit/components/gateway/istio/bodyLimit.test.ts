import { describe, expect, test } from "vitest";
import { bodyLimit, bodyLimitModule } from "../../../../../components/gateway/istio/bodyLimit.ts";
import { assemble } from "../../../../../components/gateway/istio/wasm.ts";

/*
 * The module is run here by the WebAssembly of Node.js, with a host that answers as Envoy does.
 */

/** What of it is used here: the project's types know no browser, whose WebAssembly it is as well. */
interface Machine {
  instantiate(module: Uint8Array, host?: object): Promise<{ readonly instance: { readonly exports: Record<string, unknown> } }>;
}
const machine = (globalThis as unknown as { readonly WebAssembly: Machine }).WebAssembly;

type Check = (context: number, size: number, end: number) => number;

/** A request of a size, which grows, with a limit on it. */
async function requestWith(limit: string, size: { now: bigint | undefined }) {
  const refusals: { status: number; body: string }[] = [];
  const { instance } = await machine.instantiate(bodyLimitModule, {
    env: {
      proxy_get_property(at: number, length: number, answer: number, answerLength: number): number {
        const path = Buffer.from(memory().buffer, at, length).toString();
        const given = path === "plugin_root_id" ? Buffer.from(limit) : path === "request\0size" ? sizeOf(size.now) : undefined;
        if (!given) return 1;
        const to = (exports().proxy_on_memory_allocate as (size: number) => number)(given.length);
        Buffer.from(memory().buffer).set(given, to);
        new DataView(memory().buffer).setUint32(answer, to, true);
        new DataView(memory().buffer).setUint32(answerLength, given.length, true);
        return 0;
      },
      proxy_send_local_response(status: number, _details: number, _length: number, body: number, bodyLength: number): number {
        refusals.push({ status, body: Buffer.from(memory().buffer, body, bodyLength).toString() });
        return 0;
      },
    },
  });
  const exports = () => instance.exports;
  const memory = () => instance.exports.memory as { readonly buffer: ArrayBuffer };
  const call = (name: string) => (exports()[name] as Check)(2, 0, 0);
  return { refusals, headers: () => call("proxy_on_request_headers"), body: () => call("proxy_on_request_body") };
}

function sizeOf(size: bigint | undefined): Buffer | undefined {
  if (size === undefined) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(size);
  return bytes;
}

const [goOn, stop] = [0, 1];
const refusal = { status: 413, body: "Payload Too Large" };

describe("a body", () => {
  test.each<[string, bigint, string]>([
    ["of nothing", 0n, "1"],
    ["just within the limit", 10_000n, "10000"],
    ["of a gigabyte, where that is the limit", 1_000_000_000n, "1000000000"],
  ])("%s passes", async (_what, now, limit) => {
    const { headers, body, refusals } = await requestWith(limit, { now });
    expect([headers(), body(), refusals]).toEqual([goOn, goOn, []]);
  });

  test.each<[string, bigint, string]>([
    ["one byte beyond the limit", 10_001n, "10000"],
    ["of more than 32 bits can count", 2n ** 33n, "1000000000"],
  ])("%s is refused from its headers", async (_what, now, limit) => {
    const { headers, refusals } = await requestWith(limit, { now });
    expect([headers(), refusals]).toEqual([stop, [refusal]]);
  });

  test("that says no size is cut off when the count is passed", async () => {
    const size = { now: 0n };
    const { headers, body, refusals } = await requestWith("10000", size);
    expect(headers()).toBe(goOn);
    size.now = 10_000n;
    expect([body(), refusals]).toEqual([goOn, []]);
    size.now = 10_001n;
    expect([body(), refusals]).toEqual([stop, [refusal]]);
  });
});

test("the filter has the module and its limit, and all share one virtual machine", () => {
  const [one, other] = [bodyLimit(1), bodyLimit(2)].map(
    (filter) => (filter as { typed_config: { config: { root_id: string; vm_config: { vm_id: string } } } }).typed_config.config,
  );
  expect([one?.root_id, other?.root_id]).toEqual(["1", "2"]);
  expect(one?.vm_config).toEqual(other?.vm_config);
  expect(one?.vm_config).toMatchObject({ code: { local: { inline_bytes: Buffer.from(bodyLimitModule).toString("base64") } } });
});

describe("the assembler", () => {
  test.each([0, 1, 63, 64, -1, -64, -65, 8_191, 100_000, 2 ** 31 - 1])("writes the number %d", async (number) => {
    const body = `i32.const ${number}`;
    const module = assemble({ imports: [], data: {}, functions: [{ names: ["it"], takes: 0, returns: true, body }] });
    const { instance } = await machine.instantiate(module);
    expect((instance.exports.it as () => number)()).toBe(number);
  });

  test("names an instruction that it does not know", () => {
    const functions = [{ names: ["it"], takes: 0, returns: true, body: "i32.rotl" }];
    expect(() => assemble({ imports: [], data: {}, functions })).toThrow("i32.rotl is no instruction that is known here");
  });
});
