import type { GatewayName } from "../../model/gateway.ts";
import type { Gateway } from "./gateway.ts";
import { istio } from "./istio/gateway.ts";
import { kong } from "./kong/gateway.ts";

/** Every gateway that can be installed. */
export const gateways: Readonly<Record<GatewayName, Gateway>> = { kong, istio };
