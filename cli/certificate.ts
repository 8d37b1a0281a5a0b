import process from "node:process";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { UserError } from "../lib/errors.ts";
import type { Signed } from "../model/certificates.ts";
import { issue } from "./certificates/issue.ts";
import { runCommand, tellAsJson } from "./support/main.ts";

/*
 * The certificates' command line, which the component SelfSigned runs: one command, one line of JSON on standard output. What
 * it is to do it reads from standard input, as other users of a machine can see the words of a command, and keys are among it.
 */

interface Request {
  readonly hosts: readonly string[];
  /** The authority there is; without one it is made. */
  readonly authority?: Pick<Signed, "certificate" | "key">;
}

const program = new Command("certificate").description("makes certificates that are signed by an authority of their own");

program
  .command("issue")
  .description("make a certificate for the hosts of a JSON object on standard input: {hosts, authority?: {certificate, key}}")
  .action(async () => {
    const { hosts, authority } = JSON.parse(await text(process.stdin)) as Request;
    try {
      console.log(JSON.stringify(await issue(hosts, new Date(), authority)));
    } catch (error) {
      throw new UserError(`no certificate for ${hosts.join(", ")} can be made: ${(error as Error).message}`);
    }
  });

await runCommand(program, process.argv, tellAsJson);
