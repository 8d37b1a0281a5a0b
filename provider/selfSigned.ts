import { UserError } from "../lib/errors.ts";
import { type Issued, isDue, type Signed } from "../model/certificates.ts";
import type { ResourceKind } from "./resource.ts";

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

/** Makes a certificate for hosts, by an authority that is there or a new one. */
export type Issue = (hosts: readonly string[], now: Date, authority?: Pick<Signed, "certificate" | "key">) => Promise<Issued>;

/** A server certificate and the authority that signed it. */
export function selfSigned(issue: Issue): ResourceKind<Inputs, Outputs> {
  const issued = async (hosts: readonly string[], known?: Parameters<Issue>[2]) => {
    try {
      return outputs(hosts, await issue(hosts, new Date(), known));
    } catch (error) {
      throw new UserError(`no certificate for ${hosts.join(", ")} can be made: ${(error as Error).message}`);
    }
  };
  return {
    create: async ({ hosts }) => ({ id: hosts[0] ?? "none", outputs: await issued(hosts) }),
    diff: (olds, news) => ({ changes: reasons(olds, news, new Date()).length > 0 }),
    update: ({ authority, authorityKey }, { hosts }) => issued(hosts, { certificate: authority, key: authorityKey }),
  };
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

/** What makes another certificate necessary at a time: any `pulumi up` then brings it. */
export function reasons({ hosts, ends, authorityEnds }: Outputs, news: Inputs, now: Date): string[] {
  return [
    ...(JSON.stringify(hosts) === JSON.stringify(news.hosts) ? [] : ["hosts"]),
    ...(isDue("server", ends, now) ? ["ends"] : []),
    ...(isDue("authority", authorityEnds, now) ? ["authorityEnds"] : []),
  ];
}
