import type { Issued, Signed } from "../../model/certificates.ts";
import { runCli } from "../support/runCli.ts";

/** Has a certificate made by the certificates' command line. It is told on standard input, as a key may be part of it. */
export function issued(hosts: readonly string[], authority?: Pick<Signed, "certificate" | "key">): Promise<Issued> {
  return runCli(["cli/certificate.ts", "issue"], JSON.stringify({ hosts, ...(authority && { authority }) }));
}
