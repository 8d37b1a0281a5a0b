import type { IVirtualService } from "@kubernetes-models/istio/networking.istio.io/v1";
import { seconds } from "../../app/resilience.ts";
import type { Cors } from "../route.ts";

type Rule = NonNullable<NonNullable<IVirtualService["spec"]>["http"]>[number];
export type CorsPolicy = NonNullable<Rule["corsPolicy"]>;

/** What pages may call with, unless an option says otherwise. */
export const defaultCors = { methods: ["GET", "HEAD"], maxAge: "10m" } as const;

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
    allowOrigins: origins.map((origin) => (origin === "*" ? { regex: ".*" } : { exact: origin })),
    allowMethods: [...methods],
    ...(headers.length > 0 && { allowHeaders: [...headers] }),
    ...(expose.length > 0 && { exposeHeaders: [...expose] }),
    allowCredentials: credentials,
    maxAge: seconds(maxAge),
    unmatchedPreflights: "IGNORE",
  };
}
