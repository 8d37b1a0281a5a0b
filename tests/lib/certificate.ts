import { issue } from "../../cli/certificates/issue.ts";

/** A certificate as the stack itself would make it: whoever is given it reads it. */
export async function certificateOf(hosts: readonly string[]) {
  const { server, authority } = await issue(hosts, new Date());
  return { certificate: server.certificate, key: server.key, authority: authority.certificate };
}
