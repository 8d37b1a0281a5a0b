import { request } from "node:https";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { outputs } from "../../lib/runningStack.ts";
import { type Answer, exchange } from "./exchange.ts";
import { gatewayUrl } from "./product.ts";

/** Where somebody listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where Istio's gateway takes HTTPS: on the address of its plain URL, as the host's name need not lead there yet. */
function gatewayAddress(): Address {
  const { istioHttps } = outputs().urls;
  return { host: new URL(gatewayUrl()).hostname, port: Number(new URL(String(istioHttps)).port || 443) };
}

/**
 * Asks over HTTPS under a host name, trusting one authority (PEM) and nobody else.
 *
 * @param named - host of the request, when the handshake is done.
 */
export function askSecurely(host: string, path: string, authority: string, at = gatewayAddress(), named = host): Promise<Answer> {
  const headers = { host: `${named}:${at.port}` };
  const options = { ...at, path, headers, servername: host, ca: authority, timeout: 10_000, agent: false };
  return exchange((answered) => request(options, answered));
}

/**
 * What a TLS handshake ends in: the protocol that was agreed on and the certificate.
 *
 * @throws Error when the gateway ends it, or the certificate does not hold.
 */
export function handshake(host: string, authority: string, versions?: { minVersion: SecureVersion; maxVersion: SecureVersion }) {
  return new Promise<{ readonly protocol: string | null; readonly names: string; readonly issuer: string }>((resolve, reject) => {
    // OpenSSL's own default refuses old versions before the gateway could.
    const old = versions && { ...versions, ciphers: "DEFAULT@SECLEVEL=0" };
    const socket: TLSSocket = connect({ ...gatewayAddress(), servername: host, ca: authority, timeout: 10_000, ...old }, () => {
      const { subjectaltname = "", issuer } = socket.getPeerCertificate();
      resolve({ protocol: socket.getProtocol(), names: subjectaltname, issuer: String(issuer.CN) });
      socket.end();
    });
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    socket.once("error", reject);
  });
}
