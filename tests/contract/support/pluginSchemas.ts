import type { KongConfiguration, KongPlugin } from "./kongConfiguration.ts";

/** What a field takes: a type, or one of these words. */
type Kind = "string" | "number" | "boolean" | "strings" | "object" | readonly string[];

const functions: Readonly<Record<string, Kind>> = {
  ...{ certificate: "strings", rewrite: "strings", access: "strings", header_filter: "strings" },
  ...{ body_filter: "strings", log: "strings" },
};

/** The fields that plugins of Kong 3.9 have, as far as the platform may use them. */
const schemas: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  acl: { allow: "strings", deny: "strings", hide_groups_header: "boolean", always_use_authenticated_groups: "boolean" },
  "bot-detection": { allow: "strings", deny: "strings" },
  "correlation-id": { header_name: "string", generator: ["uuid", "uuid#counter", "tracker"], echo_downstream: "boolean" },
  cors: {
    ...{ origins: "strings", headers: "strings", exposed_headers: "strings", methods: "strings", max_age: "number" },
    ...{ credentials: "boolean", private_network: "boolean", preflight_continue: "boolean" },
  },
  "file-log": { path: "string", reopen: "boolean", custom_fields_by_lua: "object" },
  "http-log": {
    ...{ http_endpoint: "string", method: ["POST", "PUT", "PATCH"], content_type: "string", timeout: "number" },
    ...{ keepalive: "number", headers: "object", queue: "object", custom_fields_by_lua: "object" },
  },
  "ip-restriction": { allow: "strings", deny: "strings", status: "number", message: "string" },
  jwt: {
    ...{ uri_param_names: "strings", cookie_names: "strings", key_claim_name: "string", secret_is_base64: "boolean" },
    ...{ claims_to_verify: "strings", anonymous: "string", run_on_preflight: "boolean", maximum_expiration: "number" },
    ...{ header_names: "strings", realm: "string" },
  },
  "key-auth": {
    ...{ key_names: "strings", hide_credentials: "boolean", anonymous: "string", key_in_header: "boolean" },
    ...{ key_in_query: "boolean", key_in_body: "boolean", run_on_preflight: "boolean", realm: "string" },
  },
  "post-function": functions,
  "pre-function": functions,
  prometheus: {
    ...{ per_consumer: "boolean", status_code_metrics: "boolean", ai_metrics: "boolean", latency_metrics: "boolean" },
    ...{ bandwidth_metrics: "boolean", upstream_health_metrics: "boolean" },
  },
  "rate-limiting": {
    ...{ second: "number", minute: "number", hour: "number", day: "number", month: "number", year: "number" },
    ...{ limit_by: ["consumer", "credential", "ip", "service", "header", "path"], header_name: "string", path: "string" },
    // Without a database there is no `cluster`.
    ...{ policy: ["local", "redis"], fault_tolerant: "boolean", redis: "object", hide_client_headers: "boolean" },
    ...{ error_code: "number", error_message: "string", sync_rate: "number" },
  },
  "request-size-limiting": {
    ...{ allowed_payload_size: "number", size_unit: ["megabytes", "kilobytes", "bytes"], require_content_length: "boolean" },
  },
};

/** What Kong would say against the plugins of a configuration: names, fields, and the types of their values. */
export function pluginProblems({ plugins = [] }: KongConfiguration): string[] {
  return plugins.flatMap(problemsOf);
}

function problemsOf({ name, config }: KongPlugin): string[] {
  const fields = schemas[name];
  if (!fields) return [`plugin '${name}' not enabled; add it to the 'plugins' configuration property`];
  return Object.entries(config).flatMap(([field, value]) => {
    const kind = fields[field];
    if (kind === undefined) return [`${name}.config.${field}: unknown field`];
    return isOf(kind, value) ? [] : [`${name}.config.${field}: expected ${kind}, not ${JSON.stringify(value)}`];
  });
}

function isOf(kind: Kind, value: unknown): boolean {
  if (typeof kind === "object") return kind.some((word) => word === value);
  if (kind === "strings") return Array.isArray(value) && value.every((entry) => typeof entry === "string");
  return typeof value === kind;
}
