import { valueAt } from "../../lib/values.ts";
import { type ApplicationDeclaration, type DeclaredApplication, workloadKinds } from "../application.ts";
import type { CallerAddresses } from "../callerAddresses.ts";
import { workloadsOf } from "../callGraph.ts";
import { readApplications } from "../declarations.ts";
import type { GatewayFacts } from "../gateway.ts";
import type { GatewaySettings, GatewayTls } from "../gatewaySettings.ts";
import { same } from "../names.ts";
import { checkCalls } from "./calls.ts";
import { checkEgress } from "./egress.ts";
import { checkExposures } from "./exposures.ts";
import { checkJobs } from "./jobs.ts";
import { checkLoadGenerators } from "./loadGenerators.ts";
import { checkNames, checkUnique } from "./names.ts";
import { checkCallerAddresses, checkPolicies, checkStrippedHeaders } from "./policies.ts";
import { type AppSettings, describeProblem, type Known, type Problem, Problems } from "./problems.ts";
import { checkReferences } from "./references.ts";

/** What a stack has around its applications. */
export interface CheckContext {
  /** The gateways that run; undefined while a setting that decides it is wrong: what would follow from them is not told then. */
  readonly gateways: readonly GatewayFacts[] | undefined;
  /** Settings of theirs that decide what they support. @default nothing is bounded by them */
  readonly gatewaySettings?: Pick<GatewaySettings, "istioGateway">;
  /** The hosts that gateways serve; undefined while a setting of these is wrong. @default any */
  readonly tls?: GatewayTls | undefined;
  /** Namespaces of the platform's own parts, whether they run or not. @default those of the gateways */
  readonly taken?: readonly string[];
  /** Where they are lost, policies that judge them are refused. @default kept */
  readonly callerAddresses?: CallerAddresses;
  /** Headers that gateways strip besides their own list. @default none */
  readonly stripHeaders?: readonly string[];
  /** Names of the values under `mesh:secrets`. @default any */
  readonly secrets?: readonly string[] | undefined;
  /** What the stack's file says of applications; the declarations have it already. @default nothing */
  readonly settings?: AppSettings;
}

export interface Checked {
  readonly applications: readonly DeclaredApplication[];
  /** One sentence for each problem: its place, what is there, and what is allowed. */
  readonly problems: readonly string[];
}

/** Reads applications and tells everything that is wrong with them at once. */
export function checkApplications(declared: readonly ApplicationDeclaration[], context: CheckContext): Checked {
  const { gateways, gatewaySettings, settings = {}, stripHeaders = [], callerAddresses = "kept" } = context;
  const { applications, named, problems: found } = readApplications(declared);
  const problems = new Problems();
  const workloads = [...applications.flatMap(workloadsOf), ...unread(applications, named)];
  const taken = context.taken ?? (gateways ?? []).map(({ account }) => account.namespace);
  const waiting = (namespace: string) =>
    named.flatMap((one) => (one.namespace === namespace && ["services", "workers"].includes(one.kind) ? one.name : []));
  const databases = named.filter(({ kind }) => kind === "databases");
  checkUnique(applications, problems);
  for (const application of applications) {
    checkNames(application, taken, problems);
    checkStrippedHeaders(application, stripHeaders, problems);
    checkCalls(application, workloads, problems);
    checkEgress(application, workloads, problems);
    checkLoadGenerators(application, workloads, problems);
    checkReferences(application, databases, context.secrets, problems);
    checkJobs(application, waiting(application.namespace), problems);
  }
  if (gateways) {
    checkExposures(applications, gateways, context.tls, problems);
    checkPolicies(applications, gateways, gatewaySettings, problems);
  }
  if (callerAddresses === "lost") checkCallerAddresses(applications, problems);
  const describe = (problem: Problem) => describeProblem(problem, declarationOf(declared, problem), settings);
  return { applications: applications.flatMap(deployable), problems: [...found, ...problems.found].map(describe) };
}

/** What there is to deploy of an application: a load generator without requests is none, and an application of nothing neither. */
function deployable({ loadGenerators = [], ...rest }: DeclaredApplication): DeclaredApplication[] {
  const application = { ...rest, loadGenerators: loadGenerators.filter(({ qps }) => qps > 0) };
  return Object.values(application).some((members) => Array.isArray(members) && members.length > 0) ? [application] : [];
}

/** Workloads that are not right by themselves: what calls them is not wrong for that. */
function unread(applications: readonly DeclaredApplication[], named: ReturnType<typeof readApplications>["named"]): Known[] {
  const known = applications.flatMap(workloadsOf);
  return named
    .filter((one) => !known.some((workload) => same(workload, one)))
    .map(({ namespace, name, kind }) => ({
      ...{ namespace, name, ports: [] },
      unread: kind === "services" || kind === "databases",
    }));
}

/** The workload or application that a problem is of, as it was given. */
function declarationOf(declared: readonly ApplicationDeclaration[], { namespace, name }: Problem): unknown {
  const application = declared.find((one, index) => (one?.namespace ?? `applications[${index}]`) === namespace);
  if (name === undefined) return application;
  return workloadKinds.map((kind) => valueAt(application, [kind, name])).find((found) => found !== undefined);
}
