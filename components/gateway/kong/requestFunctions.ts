import { callerHeaderPattern } from "../../../model/callerHeaders.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { isBelow } from "../../../model/hosts.ts";
import type { Route } from "../../../model/route.ts";
import { luaSet, luaString } from "./lua.ts";
import { defaultKeyHeader } from "./plugins.ts";
import type { Plugin } from "./resources.ts";

export interface RequestFunctionsArgs {
  readonly tls: GatewayTls;
  /** The port that clients use for HTTPS. */
  readonly httpsPort: number;
  /** What the stack adds to `callerHeaders`. @default none */
  readonly stripHeaders?: readonly string[] | undefined;
  /** Whose callers send keys, and in which headers. */
  readonly routes: readonly Pick<Route, "policies">[];
}

/** As many headers as Envoy takes: what comes after them no plugin of Kong would see. */
const mostHeaders = 100;

/**
 * What Kong does with every request before it looks for a route, and before any other plugin, whatever the request is answered with:
 *
 * - TLS is for the hosts that have a certificate. A handshake for another name, or for none, is refused, so that nobody is shown
 *   the certificate that Kong makes for itself; a request for another host is answered with 404.
 * - HTTP to these hosts, however a client writes them, is redirected to the port that clients use for HTTPS; without plaintext
 *   HTTP to any other host is redirected to the first of them. The request is kept: with 301, and with 308 where the
 *   method is neither GET nor HEAD.
 * - `callerHeaders` are removed in every spelling. What Kong itself says of a caller it says afterwards.
 * - In the log the value of a header or parameter that may be a key is REDACTED.
 */
export function requestFunctions({ tls, httpsPort, stripHeaders = [], routes }: RequestFunctionsArgs): Plugin {
  const keyHeaders = routes.flatMap(({ policies: { apiKeys } }) => apiKeys?.header ?? []);
  return {
    plugin: "pre-function",
    config: {
      certificate: [handshake(tls.hosts)],
      rewrite: [strip(stripHeaders), redirect(tls, httpsPort)],
      log: [redact([...new Set([defaultKeyHeader, ...keyHeaders])])],
    },
  };
}

/** Defines whether a host has a certificate. */
function served(hosts: readonly string[]): string {
  const [exact, below] = [hosts.filter((host) => !isBelow(host)), hosts.filter(isBelow)];
  return `local hosts = ${luaSet(exact)}
local below = ${luaSet(below.map((host) => host.slice(1)))}
local function served(host)
  return hosts[host] or below[string.match(host, "^[^.]+(%..+)$") or ""]
end
`;
}

function handshake(hosts: readonly string[]): string {
  return `${served(hosts)}local name = require("ngx.ssl").server_name()
if not (name and served(string.lower(name))) then
  return ngx.exit(ngx.ERROR)
end
`;
}

/** `get_headers(0, true)` is all of them as they were sent. */
function strip(stripHeaders: readonly string[]): string {
  return `local pattern = ${luaString(`^(?:${callerHeaderPattern(stripHeaders)})$`)}
local count = 0
for name, value in pairs(ngx.req.get_headers(0, true)) do
  count = count + (type(value) == "table" and #value or 1)
  if ngx.re.find(string.lower(name), pattern, "jo") then
    ngx.req.clear_header(name)
  end
end
if count > ${mostHeaders} then
  return kong.response.exit(431, { message = "Too many headers" })
end
`;
}

/** nginx's variable `host` is in lower case, without port and last dot, and that of the request's line before that of a header. */
function redirect({ hosts, plaintext }: GatewayTls, httpsPort: number): string {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return `${served(hosts)}local host = ngx.var.host
local known = host and served(host)
if ngx.var.https == "on" then
  if not known then
    return kong.response.exit(404, { message = "no Route matched with those values" })
  end
elseif known or ${!plaintext} then
  local target = known and host or ${luaString(hosts[0] ?? "")}
  local method = ngx.req.get_method()
  local status = (method == "GET" or method == "HEAD") and 301 or 308
  return kong.response.exit(status, nil, { ["Location"] = "https://" .. target .. ${luaString(port)} .. ngx.var.request_uri })
end
`;
}

/** Headers and parameters of these names in any case, with `_` or `-`; of a query with one of them the whole text is written anew. */
function redact(names: readonly string[]): string {
  return `local names = ${luaSet(names)}
local function is_key(name)
  return names[(string.gsub(string.lower(name), "_", "-"))]
end
local set = kong.log.set_serialize_value
for name in pairs(ngx.req.get_headers(0, true)) do
  if is_key(name) then
    set("request.headers." .. string.lower(name), "REDACTED", { mode = "replace" })
  end
end
local query = ngx.req.get_uri_args(0)
local found = false
for name in pairs(query) do
  if is_key(name) then
    query[name] = "REDACTED"
    found = true
  end
end
if found then
  local text = "?" .. ngx.encode_args(query)
  local uri = string.match(ngx.var.request_uri, "^[^?]*") .. text
  set("request.querystring", query)
  set("request.uri", uri)
  set("request.url", ngx.var.scheme .. "://" .. ngx.var.host .. ":" .. (ngx.ctx.host_port or ngx.var.server_port) .. uri)
  local upstream = ngx.var.upstream_uri
  if upstream and upstream ~= "" then
    set("upstream_uri", string.match(upstream, "^[^?]*") .. text)
  end
end
`;
}
