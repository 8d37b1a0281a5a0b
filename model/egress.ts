import { z } from "zod";
import { cidr, listOfRanges, partsOf } from "./addresses.ts";
import { proxyPortProblem } from "./ports.ts";
import { addIssue, boolean, byName, host, label, listOf, message, oneOf, port, strictObject } from "./rules.ts";

/*
 * What a workload may reach outside the cluster.
 */

/**
 * What is spoken with a host outside: TLS of the workload's own, which passes as it is and is known by the name that it asks for; HTTP
 * without TLS; any protocol over TCP.
 */
const protocols = ["tls", "http", "tcp"] as const;

/** Objects are named after a host, with a word in front. */
const longestHost = 240;

/** Names of Services, and of what Kubernetes and Istio keep for themselves. */
const isOfCluster = /(^|\.)(svc|cluster\.local|localhost|default|kube-[a-z-]+|istio-[a-z-]+)$/;
/** Names under which a node is told what it is and given its credentials. */
const isOfNode = /^(metadata\.google\.internal|instance-data(\.[a-z0-9-]+)*\.internal)$/;

const outsideHost = () => {
  const allowed = message(
    `the full name of a host outside the cluster in lower case, such as api.example.com, or *.example.com for all below it, at most ${longestHost} long`,
  );
  const name = host();
  return z
    .string(allowed)
    .max(longestHost, allowed)
    .refine((given) => {
      const plain = given.replace(/^\*\./, "");
      return name.safeParse(plain).success && !isOfCluster.test(plain) && !isOfNode.test(plain);
    }, allowed);
};

/** Of a node alone: its loopback addresses, and those of its link, where most clouds give it its credentials. */
const nodeRanges = ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"];
/** Where clouds do so besides: Azure, Alibaba, AWS and Google. */
const metadataAddresses = ["168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128", "fd20:ce::254/128"];
/** Addresses that no destination has. */
export const neverOutside = [...nodeRanges, ...metadataAddresses];

/** Whether a range has the first address of another one: of two that overlap, one has that of the other. */
function hasFirst(range: string, other: string): boolean {
  const { address, family } = partsOf(other);
  return listOfRanges([range]).check(address, family);
}

/** Whether a range is a node's own in part, as everything is, or lies where a cloud answers it. What is no range is told elsewhere. */
const isNodes = (range: string) =>
  cidr().safeParse(range).success &&
  (nodeRanges.some((own) => hasFirst(range, own)) || neverOutside.some((own) => hasFirst(own, range)));

const destination = strictObject({
  hosts: listOf(outsideHost(), "hosts", { least: 1 }),
  protocol: oneOf(...protocols).default("tls"),
  /** What the workload dials. @default 443 of tls, 80 of http */
  port: port().exactOptional(),
  /** Whether the workload speaks HTTP with its proxy, and that TLS with the host, whose certificate it verifies. @default false */
  originate: boolean().exactOptional(),
  /** Port of the hosts. @default the one that is dialled; 443 with originate */
  target: port().exactOptional(),
  /** Where the hosts are, where the network holds pods to it. @default anywhere outside the cluster */
  addresses: listOf(
    cidr().refine((range) => !isNodes(range), message("a range of addresses that is neither everything nor a node's own")),
    "addresses in CIDR notation",
    { least: 1 },
  ).exactOptional(),
}).superRefine(({ hosts, protocol, port, originate = false, target }, ctx) => {
  if (originate && protocol !== "http")
    addIssue(ctx, ["originate"], "true with protocol http alone, which the proxy then puts into TLS", originate);
  const proxys = port === undefined ? undefined : proxyPortProblem(port);
  if (proxys) addIssue(ctx, ["port"], proxys, port);
  if (target !== undefined && !originate) addIssue(ctx, ["target"], "nothing without originate", target);
  if (protocol === "tcp" && port === undefined) addIssue(ctx, ["port"], "the port of the host: tcp has no usual one");
  if (protocol === "tcp" && hosts.length > 1)
    addIssue(ctx, ["hosts"], "one host with protocol tcp, as connections do not tell which one they are for");
  const wild = hosts.findIndex((one) => one.startsWith("*"));
  if (wild >= 0 && protocol === "tcp") addIssue(ctx, ["hosts", wild], "the name of one host with protocol tcp", hosts[wild]);
  else if (wild >= 0 && originate)
    addIssue(ctx, ["hosts", wild], "the name of one host with originate, whose certificate is verified", hosts[wild]);
});

/**
 * By names of the workload's own, so that a stack's file can say what is elsewhere there.
 *
 * @example
 * { payments: { hosts: ["api.payments.example"] }, mail: { hosts: ["smtp.example.com"], protocol: "tcp", port: 25 } }
 */
export const egress = byName(destination, "destinations", label(40)).superRefine((given, ctx) => {
  const entries = egressOf(given).filter(({ name, protocol }) => protocol !== "tcp" || given[name]?.port !== undefined);
  for (const [index, own] of entries.entries()) {
    for (const other of entries.slice(0, index)) {
      if (own.port !== other.port) continue;
      if (own.protocol !== other.protocol || own.protocol === "tcp") {
        const why = `a port that ${other.name} does not have, as one protocol alone is spoken on it, and of tcp with one host`;
        addIssue(ctx, [own.name, "port"], why, own.port);
        continue;
      }
      const again = own.hosts.findIndex((one) => other.hosts.includes(one));
      if (again >= 0) addIssue(ctx, [own.name, "hosts", again], `a host that ${other.name} does not have on this port`);
    }
  }
});

/** Hosts outside that a workload may reach, on a port. */
export interface Destination {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly protocol: (typeof protocols)[number];
  /** What the workload dials. */
  readonly port: number;
  /** Port of the hosts. */
  readonly target: number;
  /** Whether the proxy puts it into TLS. */
  readonly originate: boolean;
  /** @default anywhere outside the cluster */
  readonly addresses?: readonly string[];
}

function destinationOf(name: string, given: z.output<typeof destination>): Destination {
  const { hosts, protocol, originate = false, addresses } = given;
  const { port = protocol === "tls" ? 443 : 80 } = given;
  const { target = originate ? 443 : port } = given;
  return { name, hosts, protocol, port, target, originate, ...(addresses && { addresses }) };
}

/** What a workload may reach, as everything that deploys it reads it. */
export function egressOf(given: z.output<typeof egress>): Destination[] {
  return Object.entries(given).map(([name, one]) => destinationOf(name, one));
}
