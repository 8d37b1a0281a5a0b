/**
 * Whether gateways see the addresses of their callers, or one that something in between puts in their place: then there is one
 * caller for all.
 */
export type CallerAddresses = "kept" | "lost";

/** Where addresses are lost, what has to be said of such an option for it to hold. */
export const keepAddresses =
  "nothing that judges addresses while callers' do not arrive; mesh:existing.callerAddresses: kept says that load balancers keep them " +
  "(on AWS the annotations aws-load-balancer-nlb-target-type: ip and …-target-group-attributes: preserve_client_ip.enabled=true make them)";
