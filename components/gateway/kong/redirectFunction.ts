import type { Redirect } from "../../../model/exposed.ts";
import type { GatewayTls } from "../../../model/gatewaySettings.ts";
import { httpsAuthority } from "../urls.ts";
import { luaString } from "./lua.ts";
import type { Plugin } from "./resources.ts";

/** How HTTPS is served where clients are sent to. */
export interface RedirectTls extends Pick<GatewayTls, "hosts"> {
  /** The port that clients use for HTTPS. */
  readonly httpsPort: number;
}

/** Answers in place of the service: without a host the target is one of the same host, and what was asked with stays. */
export function redirectFunction({ path, host, code }: Redirect, { hosts, httpsPort }: RedirectTls): Plugin {
  const origin = host === undefined ? "" : `https://${httpsAuthority(host, hosts, httpsPort)}`;
  const target = path === undefined ? 'string.match(ngx.var.request_uri, "^[^?]*")' : luaString(path);
  const location = `${luaString(origin)} .. ${target} .. ngx.var.is_args .. (ngx.var.args or "")`;
  return {
    plugin: "post-function",
    config: { access: [`return kong.response.exit(${code}, nil, { ["Location"] = ${location} })\n`] },
  };
}
