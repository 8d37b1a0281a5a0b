import type { IVirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import { seconds } from "../../model/durations.ts";
import { isPattern, originPattern } from "../../model/origins.ts";
import { type Cors, defaultCors } from "../../model/policies.ts";

type Rule = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];
export type CorsPolicy = NonNullable<Rule["corsPolicy"]>;

/**
 * The options as a rule of a VirtualService has them. The gateway answers every preflight itself, those that it does not
 * allow without a word of permission: services never see one.
 */
export function corsPolicy({
  origins,
  methods = defaultCors.methods,
  headers = [],
  expose = [],
  credentials = false,
  maxAge = defaultCors.maxAge,
}: Cors): CorsPolicy {
  return {
    allowOrigins: origins.map(allowOrigin),
    allowMethods: [...methods],
    ...(headers.length > 0 && { allowHeaders: [...headers] }),
    ...(expose.length > 0 && { exposeHeaders: [...expose] }),
    allowCredentials: credentials,
    maxAge: seconds(maxAge),
    unmatchedPreflights: "IGNORE",
  };
}

function allowOrigin(origin: string): NonNullable<CorsPolicy["allowOrigins"]>[number] {
  if (origin === "*") return { regex: ".*" };
  return isPattern(origin) ? { regex: originPattern(origin) } : { exact: origin };
}

/** What a rule has for CORS: the policy, and what tells caches that answers differ by origin, those without permission too. */
export function corsRule(cors: Cors): Pick<Rule, "corsPolicy" | "headers"> {
  const isForAll = cors.origins.includes("*") && !cors.credentials;
  return { corsPolicy: corsPolicy(cors), ...(!isForAll && { headers: { response: { add: { vary: "Origin" } } } }) };
}
