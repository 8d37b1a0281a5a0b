import { product } from "./apps/product.ts";
import { Application } from "./components/app/Application.ts";
import { IstioGateway } from "./components/gateway/IstioGateway.ts";
import { IstioRoutes } from "./components/gateway/IstioRoutes.ts";
import { Istio } from "./components/mesh/Istio.ts";
import type { Config } from "./config.ts";
import type { Target } from "./stacks/Target.ts";

/** Registers the platform on a target: the mesh, its gateway, the applications, and the gateway's routes to them. */
export function buildPlatform({ cluster, charts, images, exposure, replicas }: Target, config: Config): void {
  const { provider } = cluster;

  const istio = new Istio("istio", { charts, ...config.istio, replicas: replicas.istiod }, { provider });
  const inMesh = { provider, dependsOn: [...istio.ready] };
  const { injection } = istio;

  const gateway = { chart: charts.gateway, exposure: exposure.istio, injection, replicas: replicas.gateway };
  const ingress = new IstioGateway("ingress", gateway, inMesh);

  const applications = [new Application("product", { spec: product(config.product, images.product), injection }, inMesh)];

  // Routes come last: one to an application that is not there yet would be answered with an error.
  const routes = applications.flatMap((application) => application.routes);
  const table = { gateway: ingress.reference, namespace: ingress.namespace, routes };
  new IstioRoutes("routes", table, { provider, dependsOn: [ingress, ...applications] });
}
