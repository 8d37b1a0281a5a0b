import { istioProblems } from "../../components/gateway/istio/unsupported.ts";
import { kongProblems } from "../../components/gateway/kong/unsupported.ts";
import { UserError } from "../../lib/errors.ts";
import { type CallerAddresses, judgedByAddress, keepAddresses } from "../callerAddresses.ts";
import { workloadsOf } from "../callGraph.ts";
import type { GatewayName } from "../route.ts";
import { routesOf } from "../routes.ts";
import type { ApplicationSpec } from "../spec.ts";
import { checkCalls } from "./calls.ts";
import { checkDatabases, checkLoads } from "./databasesAndLoadGenerators.ts";
import { checkExposures } from "./exposures.ts";
import { checkNames, checkUnique } from "./names.ts";
import { Problems } from "./Problems.ts";
import { describeConflictingKeys } from "./policyProblems.ts";
import { checkServices } from "./services.ts";
import { shapeOf } from "./shape.ts";

/** Why applications as they are declared cannot be. */
export class ApplicationError extends UserError {
  constructor(
    /** One sentence for each problem. */
    readonly problems: readonly string[],
  ) {
    super(["The applications are refused:", ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  }
}

/** What a stack makes of requests before applications see them. */
export interface Doors {
  /** Where they are lost, policies that judge them are refused. @default kept */
  readonly callerAddresses?: CallerAddresses;
  /** Headers that gateways strip besides their own list. @default none */
  readonly stripHeaders?: readonly string[];
}

/**
 * Everything that is wrong with applications, all of it at once, each with its place, what is there and what is allowed.
 *
 * @param gateways - those that run.
 */
export function applicationProblems(
  applications: readonly ApplicationSpec[],
  gateways: readonly GatewayName[],
  { callerAddresses = "kept", stripHeaders = [] }: Doors = {},
): string[] {
  const { found, readable } = shapeOf(applications);
  if (!readable) return [...found];
  const problems = new Problems();
  const workloads = applications.flatMap(workloadsOf);
  checkUnique(applications, problems);
  for (const application of applications) {
    checkNames(application, problems);
    checkServices(application, problems, stripHeaders);
    checkCalls(application, workloads, problems);
    checkDatabases(application, problems);
    checkLoads(application, workloads, problems);
  }
  checkExposures(applications, gateways, problems);
  return [
    ...found,
    ...problems.found,
    ...policyProblems(applications, gateways),
    ...addressProblems(applications, callerAddresses),
  ];
}

/** What each gateway that offers a service cannot hold of its policies. */
function policyProblems(applications: readonly ApplicationSpec[], gateways: readonly GatewayName[]): string[] {
  const routes = applications.flatMap((application) => routesOf(application, gateways));
  const found = routes.flatMap((route) => [...kongProblems(route), ...istioProblems(route)]);
  return [...found, ...describeConflictingKeys(routes)].map((problem) => `apps: ${problem}`);
}

function addressProblems(applications: readonly ApplicationSpec[], callerAddresses: CallerAddresses): string[] {
  return callerAddresses === "kept"
    ? []
    : placesByAddress(applications).map((place) => `apps: ${place} judges addresses; allowed: ${keepAddresses}`);
}

/** Where applications say something of callers' addresses, such as `prod/frontend exposed.policies.addresses`. */
export function placesByAddress(applications: readonly ApplicationSpec[]): string[] {
  return applications.flatMap(({ namespace, services }) =>
    services.flatMap(({ name, exposed }) =>
      judgedByAddress(exposed?.policies ?? {}).map((option) => `${namespace}/${name} exposed.policies.${option.join(".")}`),
    ),
  );
}

/** @throws ApplicationError with every problem. */
export function requireApplications(
  applications: readonly ApplicationSpec[],
  gateways: readonly GatewayName[],
  doors?: Doors,
): void {
  const problems = applicationProblems(applications, gateways, doors);
  if (problems.length > 0) throw new ApplicationError(problems);
}
