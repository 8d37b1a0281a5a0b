import type { ProxySettings } from "../../model/proxySettings.ts";
import type { Values } from "../support/helm.ts";

/** The settings as `meshConfig.defaultConfig` has them. The proxy's agent asks for a certificate of that lifetime. */
export function proxyConfig({ certificateLifetime, drain }: ProxySettings): Values {
  return { drainDuration: drain, proxyMetadata: { SECRET_TTL: certificateLifetime } };
}

/** A text that changes with the settings. */
export function proxyNote({ certificateLifetime, drain }: ProxySettings): string {
  return `${certificateLifetime}-${drain}`;
}
