import type { GatewayFacts, GatewayName } from "../../model/gateway.ts";
import { istioFacts } from "./istio/facts.ts";
import { kongFacts } from "./kong/facts.ts";

/** What is known of every gateway, without Pulumi: the command line reads it too. */
export const gatewayFacts: Readonly<Record<GatewayName, GatewayFacts>> = { kong: kongFacts, istio: istioFacts };

/** Namespaces that are the gateways' own, whether they run or not. */
export const gatewayNamespaces = Object.values(gatewayFacts).map(({ account }) => account.namespace);
