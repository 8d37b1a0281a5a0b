import { z } from "zod";
import { cidr } from "../model/addresses.ts";
import { istioPlatforms } from "../model/istioPlatforms.ts";
import { contextNames } from "../model/kubeconfig.ts";
import {
  addIssue,
  host,
  integer,
  label,
  listOf,
  message,
  oneOf,
  port,
  qualifiedName,
  strictObject,
  subdomain,
  text,
} from "../model/rules.ts";
import { eksKubernetes } from "../model/versions.ts";
import { privateNetwork, publicCidr } from "./addresses.ts";

/** A kind cluster: `mesh:cluster`. */
export const cluster = strictObject({
  // The longest container name is `<name>-control-plane`, which is a host name too.
  name: label(49).default("mesh-demo"),
  workers: integer(1, 9).default(2),
  ports: strictObject({
    http: port().default(80),
    https: port().default(443),
    istio: port().default(8080),
    istioTls: port().default(8443),
  })
    .superRefine(differ)
    .superRefine(({ istio, istioTls }, ctx) => {
      if (istioTls !== 443 || istio === 80) return;
      addIssue(
        ctx,
        ["istioTls"],
        "443 only with istio 80: redirecting to 443, the gateway keeps the port of the request",
        istioTls,
      );
    })
    .prefault({}),
});

/** A cluster of Amazon's: `mesh:eks`. Its region is AWS's own setting, `aws:region`. */
export const eks = strictObject({
  // IAM roles are named after it, with up to 26 characters appended, and may be 64 long.
  name: label(38).default("mesh"),
  kubernetes: text(/^1\.\d{2}$/, "a minor version of Kubernetes such as 1.36").default(eksKubernetes),
  nodes: strictObject({
    type: text(/^[a-z0-9-]+\.[a-z0-9]+(-[a-z0-9]+)?$/, "a type of EC2 instance such as t3.large").default("t3.large"),
    count: integer(1, 100).default(3),
  }).prefault({}),
  network: strictObject({
    cidr: privateNetwork().default("10.0.0.0/16"),
    zones: integer(2, 3).default(3),
    nat: oneOf("one", "per-zone").default("one"),
  }).prefault({}),
  admins: listOf(
    text(/^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/, "the ARN of an IAM role or user"),
    "ARNs of IAM roles or users",
  ).default([]),
  publicAccess: listOf(publicCidr(), "addresses that may reach the API server, in CIDR notation; none makes it private", {
    most: [40, "a list of at most 40 ranges of addresses, as many as EKS takes"],
  }),
});

export const region = text(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region such as us-west-2");

/** How the gateways of a cluster that is not made here are reached. */
const exposure = z.discriminatedUnion(
  "type",
  [
    strictObject({
      type: z.literal("LoadBalancer"),
      annotations: z
        .record(qualifiedName("the key of an annotation"), z.string(message("text")), message("a mapping of annotations to text"))
        .default({}),
      loadBalancerClass: qualifiedName("the name of a class of load balancers").exactOptional(),
    }),
    strictObject({
      type: z.literal("NodePort"),
      host: z
        .union([host(), z.ipv4(), z.literal("localhost")], message("the name or address under which clients reach a node"))
        .default("localhost"),
      ports: strictObject({
        http: nodePort(30080),
        https: nodePort(30443),
        istio: nodePort(30808),
        istioTls: nodePort(30843),
      })
        .superRefine(differ)
        .prefault({}),
    }),
  ],
  message("a mapping whose type is LoadBalancer (with annotations, loadBalancerClass) or NodePort (with host, ports)"),
);

function nodePort(unlessGiven: number) {
  return integer(30_000, 32_767).default(unlessGiven);
}

export const kubeconfigRule = "a kubeconfig, as a secret: pulumi config set --secret --path mesh:existing.kubeconfig < its-file";

const partialRange = cidr().refine((range) => !range.endsWith("/0"), message("a range of addresses that leaves some outside"));

/** A cluster that runs already: `mesh:existing`. */
export const existing = strictObject({
  kubeconfig: z.string(message(kubeconfigRule)).min(1, message(kubeconfigRule)),
  context: z
    .string(message("the name of a context in the kubeconfig"))
    .min(1, message("the name of a context in the kubeconfig")),
  exposure: exposure.prefault({ type: "LoadBalancer" }),
  storageClass: subdomain().exactOptional(),
  networkPolicies: oneOf("enforced", "stored").default("stored"),
  platform: oneOf(...istioPlatforms).exactOptional(),
  dnsAddresses: listOf(cidr(), "addresses in CIDR notation").default([]),
  apiServerPort: port().exactOptional(),
  clusterRanges: listOf(partialRange, "addresses in CIDR notation", { least: 1 }).exactOptional(),
  // Most load balancers hand connections to a node, which puts its own address in the caller's place.
  callerAddresses: oneOf("kept", "lost").default("lost"),
}).superRefine(({ kubeconfig, context, exposure, callerAddresses }, ctx) => {
  if (exposure.type === "NodePort" && callerAddresses === "kept")
    addIssue(ctx, ["callerAddresses"], "lost with exposure NodePort: the node puts its own address in the caller's place");
  if (kubeconfig === sealed || context === "") return;
  const contexts = contextNames(kubeconfig);
  // Which ones there are is not told: nothing of a secret is.
  if (!contexts) addIssue(ctx, ["kubeconfig"], "a kubeconfig: YAML or JSON with contexts");
  else if (!contexts.includes(context)) addIssue(ctx, ["context"], "the name of a context in the kubeconfig");
});

/** What stands in a configuration for a secret that only Pulumi can open. */
export const sealed = "[secret]";

/** Refuses a port that another key has. */
function differ(ports: Readonly<Record<string, number>>, ctx: z.core.$RefinementCtx): void {
  const entries = Object.entries(ports);
  for (const [index, [key, given]] of entries.entries()) {
    const first = entries.slice(0, index).find(([, other]) => other === given)?.[0];
    if (first) addIssue(ctx, [key], `a port that no other key has; ${first} has it already`, given);
  }
}
