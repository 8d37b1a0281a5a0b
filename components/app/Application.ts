import * as pulumi from "@pulumi/pulumi";
import type { Route } from "../gateway/IstioRoutes.ts";
import { createNamespace } from "../support/namespace.ts";
import { Microservice, type MicroserviceArgs, type ServiceVersion } from "./Microservice.ts";
import type { Resilience } from "./resilience.ts";
import { type Canary, Traffic, type WeightedVersion } from "./Traffic.ts";

/** A service as its team declares it; everything in the mesh and the gateways derives from that. */
export interface ServiceSpec extends Pick<MicroserviceArgs, "image" | "port" | "probes" | "resources"> {
  readonly name: string;
  readonly versions: readonly (ServiceVersion & WeightedVersion)[];
  readonly canary?: Canary;
  readonly resilience?: Resilience;
  /** The path under which gateways offer it; without one it is for the mesh alone. */
  readonly exposed?: { readonly path: string };
}

/** Services that belong together, in one namespace. */
export interface ApplicationSpec {
  readonly namespace: string;
  readonly services: readonly ServiceSpec[];
}

export interface ApplicationArgs {
  readonly spec: ApplicationSpec;
  /** Labels that make the control plane inject sidecars. */
  readonly injection: Readonly<Record<string, string>>;
}

/** An application in the mesh: its namespace, which allows no pod any privilege, and its services with their traffic rules. */
export class Application extends pulumi.ComponentResource {
  /** What gateways offer of it. */
  readonly routes: readonly Route[];

  constructor(
    name: string,
    { spec: { namespace, services }, injection }: ApplicationArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mesh:app:Application", name, {}, opts);

    const child = { parent: this };
    const { metadata } = createNamespace(name, { namespace, podSecurity: "restricted", injection }, child);
    this.routes = services.flatMap(({ name: service, exposed, canary, resilience, ...pods }) => {
      const microservice = new Microservice(service, { service, namespace: metadata.name, ...pods }, child);
      const shape = { ...(canary && { canary }), ...(resilience && { resilience }), exposed: exposed !== undefined };
      // A route to a version follows its pods, so that a version that is added gets requests only when it answers.
      const after = { parent: this, dependsOn: microservice };
      const traffic = new Traffic(service, { service, namespace, versions: pods.versions, ...shape }, after);
      return exposed ? [{ path: exposed.path, delegate: traffic.delegate }] : [];
    });

    this.registerOutputs();
  }
}
