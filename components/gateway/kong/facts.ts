import type { GatewayFacts } from "../../../model/gateway.ts";
import { unreachableByKong } from "./methods.ts";
import { sharedKeyIds, unsupportedByKong } from "./unsupported.ts";

/** The chart names the account `<release>-kong`, and by that name the mesh knows who calls. */
export const release = "kong";

/** Where Kong says how it is, and has its metrics, by the chart's default. */
export const statusPort = 8100;

/** The admission webhook of Kong's ingress controller. */
const webhookPort = 8080;

export const kongFacts: GatewayFacts = {
  name: "kong",
  title: "Kong",
  account: { namespace: "kong", name: `${release}-kong` },
  // HTTP, HTTPS, and the admission webhook, which the API server asks from an address that no policy can name. The admin
  // API is nobody else's. The controller dials the API server: its Service's port, and its own.
  ports: { listeners: [8000, 8443, webhookPort], metrics: [statusPort], dials: [443, 6443] },
  webhooks: [{ port: webhookPort, what: "the webhook of Kong's ingress controller" }],
  // The proxy beside Kong decides, and to that Kong is who calls.
  showsAddresses: false,
  supports: { rateLimit: true, jwt: true, cors: true, maxBodyBytes: true, addresses: true, apiKeys: true, bots: true },
  unsupported: unsupportedByKong,
  unreachable: unreachableByKong,
  unsupportedTogether: sharedKeyIds,
};
