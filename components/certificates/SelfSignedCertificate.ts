import * as pulumi from "@pulumi/pulumi";
import { type Issued, isDue, type Signed } from "../../model/certificates.ts";
import { computed } from "../support/computed.ts";
import { runCli } from "../support/runCli.ts";

interface Inputs {
  readonly hosts: readonly string[];
}

interface Outputs extends Inputs {
  readonly certificate: string;
  readonly key: string;
  readonly ends: string;
  readonly authority: string;
  readonly authorityKey: string;
  readonly authorityEnds: string;
}

function outputs(hosts: readonly string[], { server, authority }: Issued): Outputs {
  return {
    hosts,
    certificate: server.certificate,
    key: server.key,
    ends: server.ends,
    authority: authority.certificate,
    authorityKey: authority.key,
    authorityEnds: authority.ends,
  };
}

/** Has a certificate made by the certificates' command line. It is told on standard input, as a key may be part of it. */
function issued(hosts: readonly string[], authority?: Pick<Signed, "certificate" | "key">): Promise<Issued> {
  return runCli(["cli/certificate.ts", "issue"], JSON.stringify({ hosts, ...(authority && { authority }) }));
}

/** What makes another certificate necessary at a time: any `pulumi up` then brings it. */
export function reasons({ hosts, ends, authorityEnds }: Outputs, news: Inputs, now: Date): string[] {
  return [
    ...(JSON.stringify(hosts) === JSON.stringify(news.hosts) ? [] : ["hosts"]),
    ...(isDue("server", ends, now) ? ["ends"] : []),
    ...(isDue("authority", authorityEnds, now) ? ["authorityEnds"] : []),
  ];
}

/** Thin on purpose: the certificates' command line does the work. */
export const certificateProvider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async create({ hosts }) {
    return { id: hosts[0] ?? "none", outs: outputs(hosts, await issued(hosts)) };
  },

  async diff(_id, olds, news) {
    return { changes: reasons(olds, news, new Date()).length > 0 };
  },

  async update(_id, { authority, authorityKey }, { hosts }) {
    return { outs: outputs(hosts, await issued(hosts, { certificate: authority, key: authorityKey })) };
  },
};

/** A server certificate and the authority that signed it, both made on this machine. Their keys are secrets of the stack. */
export class SelfSignedCertificate extends pulumi.dynamic.Resource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;
  declare readonly authority: pulumi.Output<string>;

  constructor(name: string, args: Inputs, opts: pulumi.CustomResourceOptions) {
    const outputs = computed("certificate", "key", "ends", "authority", "authorityKey", "authorityEnds");
    const secret = { additionalSecretOutputs: ["key", "authorityKey"] };
    const inputs = { hosts: [...args.hosts], ...outputs };
    super(certificateProvider, name, inputs, pulumi.mergeOptions(opts, secret), "certificate", "SelfSigned");
  }
}
