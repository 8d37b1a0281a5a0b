import process from "node:process";
import { faultsOf } from "../../support/faults.ts";
import { isMain, runService } from "../../support/main.ts";
import { createHttpService, type Exchange, onlyReads, type Service, type ServiceOptions } from "../../support/service.ts";
import { askBackend, carriedHeaders } from "./backend.ts";
import { contentSecurityPolicy, notFoundPage, shopPage } from "./page.ts";
import { type Advise, adviser } from "./recommendations.ts";

/*
 * The shop's page, with the probes and the faults on request of ../support.
 *
 *   GET /   what the backend has, what the recommendations service says goes well with it, which versions and pods answered, and an
 *           experiment with the canary of the product service
 *
 * A query parameter `backend-…` asks the backend for a fault: `/?backend-status=503` shows what a person sees when it fails.
 */

export interface FrontendOptions extends ServiceOptions {
  /** Of the backend. */
  readonly backendUrl: string;
  /** How long the backend may take, in milliseconds. */
  readonly backendTimeout: number;
  /** Says what goes well with a product. */
  readonly advise: Advise;
}

/** The product for which the page says what goes well with it. */
const shown = 1;

const securityHeaders = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};

export function createService({ backendUrl, backendTimeout, advise, ...options }: FrontendOptions): Service {
  const { version, pod, log } = options;
  const obeyed = faultsOf(options);
  return createHttpService(options, {
    async handle(exchange) {
      const { path, url, request, send } = exchange;
      if (await obeyed(exchange)) return;
      if (!onlyReads(exchange, options)) return;
      if (path !== "/") return send(404, "text/html", notFoundPage(path), securityHeaders);
      const carried = carriedHeaders(request.headers);
      const question = { base: backendUrl, timeout: backendTimeout, headers: carried, faults: backendFaults(url) };
      const [outcome, advice] = await Promise.all([askBackend(question), advise(shown, carried)]);
      if ("missing" in advice) log({ level: "warn", msg: "no recommendations", reason: advice.missing });
      if ("failure" in outcome) log({ level: "warn", msg: "backend failed", ...outcome.failure, ms: outcome.ms });
      // The page itself is fine: with an error's status it would be asked for again, and its pod be ejected for another's fault.
      const status = "failure" in outcome ? (outcome.failure.status ?? "none") : 200;
      const headers = { ...securityHeaders, "x-backend-status": `${status}` };
      send(200, "text/html", shopPage({ version, pod, outcome, shown, advice }), headers);
    },
  });
}

function backendFaults(url: Exchange["url"]): URLSearchParams {
  const prefix = "backend-";
  const asked = [...url.searchParams].filter(([name]) => name.startsWith(prefix));
  return new URLSearchParams(asked.map(([name, value]): [string, string] => [name.slice(prefix.length), value]));
}

if (isMain(import.meta.url)) {
  const backendUrl = process.env.BACKEND_URL ?? "http://localhost:3000";
  // Less than a gateway waits for one try, so that a person sees the page and not the gateway's error.
  const backendTimeout = Number(process.env.BACKEND_TIMEOUT_MS ?? 1_000);
  const advise = adviser(process.env.RECOMMENDATIONS_ADDRESS ?? "localhost:50051", backendTimeout);
  runService((options) => createService({ ...options, backendUrl, backendTimeout, advise }), { port: 8080 });
}
