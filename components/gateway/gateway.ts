import type * as pulumi from "@pulumi/pulumi";
import type { CallGraph } from "../../model/callGraph.ts";
import type { GatewaySettings, GatewayTls } from "../../model/gatewaySettings.ts";
import type { Route } from "../../model/route.ts";
import type { Certificates } from "../certificates/certificates.ts";
import type { Surroundings } from "../security/network.ts";
import type { ChartSource, Sources } from "../support/helm.ts";
import type { MeshMembership } from "../support/namespace.ts";
import type { Exposure } from "./exposure.ts";
import type { Reached } from "./urls.ts";

/** A gateway: requests from outside come in through it. Each implementation has a folder of its own, which alone knows its facts. */
export interface Gateway {
  /** Installs it, and what guards it. Its routes follow with {@link InstalledGateway.attach}. */
  install(context: GatewayContext): InstalledGateway;
  /** Annotations of the Services that it offers. @default none */
  serviceAnnotations?(route: Route): Readonly<Record<string, string>>;
}

/** What a gateway is installed with. */
export interface GatewayContext extends Sources, MeshMembership {
  /** How it is reached from outside. */
  readonly exposure: Exposure;
  /** How many pods it has, unless its own settings say otherwise. */
  readonly replicas: number;
  /** How much of a core a node keeps for each proxy of Istio, such as `100m`. */
  readonly proxyCpu: string;
  readonly certificates: Certificates;
  readonly graph: CallGraph;
  /** The route table of all gateways; rows of others are left out. */
  readonly routes: readonly Route[];
  readonly surroundings: Surroundings;
  readonly settings: GatewaySettings;
  /** Options of everything in the cluster. */
  readonly inCluster: pulumi.ComponentResourceOptions;
  /** The same, after the mesh is there. */
  readonly inMesh: pulumi.ComponentResourceOptions;
}

/** A gateway that is there. */
export interface InstalledGateway extends Reached {
  /**
   * Opens the routes to services.
   *
   * @param backends - what a route to a service waits for, by the service's namespace and name with a slash between.
   * @returns the keys of consumers, where the gateway knows some.
   */
  attach(backends: ReadonlyMap<string, Backend>): Readonly<Record<string, pulumi.Output<string>>>;
}

/** What of a service must be there before its routes. */
export interface Backend {
  /** Before its policies: nothing else, so that a policy changes at once, whatever else an update waits for. */
  readonly namespace: pulumi.Resource;
  /** Before a path to it: its pods, and the mesh's rules for them. */
  readonly service: pulumi.Resource;
}

/** What every gateway's component takes. */
export interface GatewayArgs extends Pick<GatewayContext, "exposure" | "injection" | "replicas"> {
  readonly chart: ChartSource;
  /** Annotations of the gateway's pods; a change rolls them. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  readonly tls: GatewayTls;
}
