import { isCallerHeader, notStripped } from "../model/callerHeaders.ts";
import { type GatewayName, gatewayNames } from "../model/gateway.ts";
import type { publishedCharts } from "../model/versions.ts";
import type { Conflict } from "./problems.ts";
import type { Sections } from "./sections.ts";

/*
 * What settings must say together, across sections. A section that is wrong by itself is missing here, and what would
 * follow from it is not told.
 */

/** @param given - what the file says, before any default. */
export function conflicts(sections: Partial<Sections>, given: Readonly<Record<string, unknown>>): Conflict[] {
  return [misplaced, sources, certificates, gateways, strippedHeaders, charts, images].flatMap((rule) => [
    ...rule(sections, given),
  ]);
}

type Rule = (sections: Partial<Sections>, given: Readonly<Record<string, unknown>>) => Iterable<Conflict>;

/** The section that says where the platform runs, by target. */
const places = { kind: "cluster", eks: "eks", existing: "existing" } as const;

const misplaced: Rule = function* ({ target }, given) {
  for (const [owner, section] of Object.entries(places)) {
    if (target === undefined || target === owner || given[section] === undefined) continue;
    yield { path: [section], allowed: `no mesh:${section} with target ${target}; it is what target ${owner} is made of` };
  }
};

const sources: Rule = function* ({ target, sources, istio }) {
  if (sources !== "built") return;
  if (target !== undefined && target !== "kind") {
    const allowed = `published with target ${target}: what is built here is in no registry that its nodes could pull from`;
    yield { path: ["sources"], allowed };
  }
  for (const [index, { version }] of (istio?.additionalRevisions ?? []).entries()) {
    if (version === undefined) continue;
    yield {
      path: ["istio", "additionalRevisions", index, "version"],
      allowed: "no version with sources built, where there is one of Istio alone",
    };
  }
};

const certificates: Rule = function* ({ target, sources, tls }) {
  const issuer = tls?.issuer ?? (target === "eks" || !sources ? undefined : defaultIssuer(sources));
  if (tls && target === "eks") {
    const why = "as target eks has no default";
    if (!tls.hosts) yield { path: ["tls", "hosts"], allowed: `a list of the full names of hosts, ${why}` };
    if (!tls.issuer) yield { path: ["tls", "issuer"], allowed: `one of self-signed, ca, acme, ${why}` };
  }
  if (!tls || !issuer) return;
  if (issuer !== "self-signed" && sources === "built") {
    yield { path: ["tls", "issuer"], allowed: "self-signed with sources built: cert-manager is not built here" };
  }
  if (issuer === "acme" && target !== undefined && target !== "eks") {
    yield {
      path: ["tls", "issuer"],
      allowed: `self-signed or ca with target ${target}: acme proves the hosts by Route 53, as target eks alone may`,
    };
  }
  for (const key of ["email", "hostedZone"] as const) {
    if (issuer === "acme" && tls[key] === undefined) yield { path: ["tls", key], allowed: needed[key] };
  }
  for (const key of ["email", "hostedZone", "server"] as const) {
    if (issuer === "acme" || tls[key] === undefined) continue;
    yield { path: ["tls", key], allowed: `nothing with issuer ${issuer}; it belongs to acme` };
  }
};

const needed = {
  email: "an e-mail address with issuer acme, for what the certificate authority has to tell",
  hostedZone: "the id of the hosted zone of Route 53 that has the hosts, with issuer acme",
} as const;

const gateways: Rule = function* ({ sources, gateway, charts, images, edge }, given) {
  if (!sources || !gateway || !charts || !images) return;
  const there = availableGateways({ sources, gateway, charts, images });
  if (there.length === 0) {
    const parts = "mesh:charts.kong (path or repository) and mesh:images.kong and kongController (or registry)";
    yield { path: ["gateway"], allowed: `istio or both with sources built, as Kong is not built here; kong too with ${parts}` };
  }
  if (there.includes("kong") && edge?.trustedProxies) {
    yield { path: ["edge", "trustedProxies"], allowed: "none while Kong runs; mesh:gateway: istio has them" };
  }
  if (there.length > 0 && !there.includes("istio") && given.istioGateway !== undefined) {
    yield { path: ["istioGateway"], allowed: `no mesh:istioGateway with gateway ${gateway}` };
  }
  if (there.includes("kong") || there.length === 0) return;
  const why = gateway === "istio" ? "with gateway istio" : "as Kong is not built here and its parts are not given";
  if (given.kong !== undefined) yield { path: ["kong"], allowed: `no mesh:kong ${why}` };
};

/** A header that a setting waits for and every gateway strips: a client that sends it would be treated as if it had not. */
const strippedHeaders: Rule = function* ({ edge, kong }) {
  if (!edge || !kong) return;
  const { header } = kong.correlationId;
  if (isCallerHeader(header, edge.stripHeaders))
    yield { path: ["kong", "correlationId", "header"], allowed: notStripped, given: header };
};

/** Charts that are made here have no version to choose. */
const charts: Rule = function* ({ sources, charts = {} }) {
  if (sources !== "built") return;
  for (const name of ["base", "cni", "istiod", "gateway"] satisfies (keyof typeof publishedCharts)[]) {
    if (charts[name]?.version === undefined || charts[name].repository !== undefined) continue;
    yield {
      path: ["charts", name, "version"],
      allowed: "a version beside a repository: with sources built the chart is made here",
    };
  }
};

const images: Rule = function* ({ sources, images = {} }) {
  if (sources === "built") {
    for (const name of ["node", "nodeRuntime"] as const) {
      if (images[name]) yield { path: ["images", name], allowed: "nothing with sources built, which makes it here" };
    }
  }
};

/** Who signs unless the stack says otherwise: cert-manager is not built here. */
export function defaultIssuer(sources: "built" | "published"): "self-signed" | "ca" {
  return sources === "built" ? "self-signed" : "ca";
}

/**
 * The gateways that a stack asks for and that can be had: Kong is not built here, so with sources `built` its chart and
 * images must come from elsewhere.
 */
export function availableGateways({
  sources,
  gateway,
  charts,
  images,
}: Pick<Sections, "sources" | "gateway" | "charts" | "images">): GatewayName[] {
  const chart = charts.kong?.path ?? charts.kong?.repository;
  const pulled = images.registry !== undefined || (images.kong !== undefined && images.kongController !== undefined);
  const kong = sources === "published" || (chart !== undefined && pulled);
  const asked: readonly GatewayName[] = gateway === "both" ? gatewayNames : [gateway];
  return asked.filter((name) => name !== "kong" || kong);
}
