import { certManagerAccount } from "../components/certificates/CertManager.ts";
import type { Exposure } from "../components/gateway/exposure.ts";
import { gatewayFacts } from "../components/gateway/facts.ts";
import type { EksConfig } from "../config.ts";
import { resolveCommon } from "./common.ts";
import type { Target } from "./Target.ts";

/** A cluster of Amazon's, whose gateways are reached through network load balancers. */
export async function eksTarget(config: EksConfig): Promise<Target> {
  // No other target has any use for AWS's packages, and none loads them.
  const { EksCluster, eksStorageClass } = await import("../components/cluster/eks/EksCluster.ts");
  const { availableZones } = await import("../components/cluster/eks/zones.ts");
  const { name, network, ...rest } = config.eks;
  const zones = await availableZones(network.zones);
  const common = resolveCommon(config);
  const loadBalancerController = { chart: common.charts.loadBalancerController, image: common.images.loadBalancerController };
  const webhooks = Object.values(gatewayFacts).flatMap(({ name, webhooks }) => webhooks.map((webhook) => ({ name, ...webhook })));
  const { issuer, hostedZone } = config.tls;
  const dns = issuer === "acme" && hostedZone !== undefined ? { dns: { hostedZone, account: certManagerAccount } } : {};
  return {
    ...common,
    cluster: new EksCluster(name, { ...rest, webhooks, network: { ...network, zones }, loadBalancerController, ...dns }),
    exposure: {
      // Where Kong says whether it is ready it says much else, so nobody is let in there. Pods that are not ready get no
      // connections anyway, as they are no targets.
      kong: networkLoadBalancer({ protocol: "tcp", port: "traffic-port" }),
      istio: networkLoadBalancer({ protocol: "http", port: "15021", path: "/healthz/ready" }),
    },
    replicas: { istiod: 2, gateway: 2 },
    proxyCpu: "100m",
    storageClass: eksStorageClass,
    networkPolicies: "enforced",
    surroundings: { clusterRanges: [network.cidr, ...serviceRanges] },
    dnsRegion: config.eks.region,
    callerAddresses: "kept",
  };
}

/** Where EKS has Services: in the one of these that the network is not in. */
const serviceRanges = ["10.100.0.0/16", "172.20.0.0/16"];

/** How a load balancer learns whether a proxy answers: that it takes a connection, or what it says over HTTP. */
type HealthCheck =
  | { readonly protocol: "tcp"; readonly port: "traffic-port" }
  | { readonly protocol: "http"; readonly port: string; readonly path: string };

/** A load balancer that hands connections to the proxies' pods and says who is calling, as far as IP does. */
function networkLoadBalancer(check: HealthCheck): Exposure {
  const annotations = {
    // The controller's default is an internal one.
    scheme: "internet-facing",
    "nlb-target-type": "ip",
    attributes: "load_balancing.cross_zone.enabled=true",
    // Gateways that judge callers by their address see it without the PROXY protocol, which they do not expect.
    "target-group-attributes":
      "preserve_client_ip.enabled=true,proxy_protocol_v2.enabled=false,deregistration_delay.timeout_seconds=30",
    ...Object.fromEntries(Object.entries(check).map(([key, value]) => [`healthcheck-${key}`, value])),
    "healthcheck-interval": "10",
    "healthcheck-healthy-threshold": "2",
    "healthcheck-unhealthy-threshold": "2",
  };
  return {
    service: {
      type: "LoadBalancer",
      loadBalancerClass: "service.k8s.aws/nlb",
      annotations: Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`service.beta.kubernetes.io/aws-load-balancer-${key}`, value]),
      ),
    },
    host: "load-balancer",
    ports: { http: 80, https: 443 },
  };
}
