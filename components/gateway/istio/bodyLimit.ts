import { assemble } from "./wasm.ts";

/** Where the module has what it asks the host for, and where the host writes the answers. */
const at = { limit: 0, size: 16, refusal: 32, answer: 64, answerLength: 68, answers: 128 } as const;
const names = { limit: "plugin_root_id", size: "request\0size", refusal: "Payload Too Large" } as const;

const imports = [
  { name: "proxy_get_property", takes: 4, returns: true },
  { name: "proxy_send_local_response", takes: 8, returns: true },
] as const;

/** Has the host write a property to {@link at.answers}, which `i32.load` of {@link at.answer} then is. */
const ask = (what: "limit" | "size") =>
  `i32.const ${at[what]} i32.const ${names[what].length} i32.const ${at.answer} i32.const ${at.answerLength} call 0`;

/**
 * Continues (0) while a request's size is within the limit; else answers with 413, or, where an answer has begun already, breaks
 * it off, and stops (1). `request.size` is what `content-length` says, and without that what has come up to now.
 */
const check = `
  ${ask("limit")} drop
  i32.const ${at.answer} i32.load local.set 3
  local.get 3 i32.const ${at.answerLength} i32.load i32.add local.set 4
  block
    loop
      local.get 3 local.get 4 i32.ge_u br_if 1
      local.get 5 i64.const 10 i64.mul
      local.get 3 i32.load8_u i32.const 48 i32.sub i64.extend_i32_u i64.add local.set 5
      local.get 3 i32.const 1 i32.add local.set 3
      br 0
    end
  end
  ${ask("size")}
  if i32.const 0 return end
  i32.const ${at.answer} i32.load i64.load local.get 5 i64.le_u
  if i32.const 0 return end
  i32.const 413 i32.const 0 i32.const 0 i32.const ${at.refusal} i32.const ${names.refusal.length} i32.const 0 i32.const 0 i32.const -1 call 1 drop
  i32.const 1`;

/**
 * The filter as a module of WebAssembly for proxies (Proxy-Wasm 0.2.1). It keeps nothing of any request: the limit is the digits
 * of the plugin's `root_id`, and the host counts the bytes.
 */
export const bodyLimitModule = assemble({
  imports,
  data: { [at.limit]: names.limit, [at.size]: names.size, [at.refusal]: names.refusal },
  functions: [
    { names: ["proxy_abi_version_0_2_1"], takes: 0, returns: false, body: "" },
    { names: ["proxy_on_memory_allocate"], takes: 1, returns: true, body: `i32.const ${at.answers}` },
    { names: ["proxy_on_context_create"], takes: 2, returns: false, body: "" },
    { names: ["proxy_on_vm_start", "proxy_on_configure"], takes: 2, returns: true, body: "i32.const 1" },
    {
      names: ["proxy_on_request_headers", "proxy_on_request_body"],
      ...{ takes: 3, returns: true, locals: ["i32", "i32", "i64"], body: check },
    },
  ],
});

const name = "mesh.body-limit";

/**
 * Envoy's filter that lets a body through as it comes, up to so many bytes. Other filters of Envoy's that know a limit hold the
 * body in memory until it is whole.
 */
export function bodyLimit(bytes: number): object {
  const code = { local: { inline_bytes: Buffer.from(bodyLimitModule).toString("base64") } };
  // One virtual machine for all of them in each of the proxy's threads.
  const vm_config = { vm_id: name, runtime: "envoy.wasm.runtime.v8", code };
  return {
    name: "envoy.filters.http.wasm",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
      config: { name, root_id: String(bytes), vm_config },
    },
  };
}
