import { UserError } from "../../lib/errors.ts";
import { CommandError } from "../../lib/process.ts";

/** What the go command says when a module has other content than go.sum remembers. */
const differs = /^\s*verifying (\S+?)(?:\/go\.mod)?: checksum mismatch|SECURITY ERROR/m;

/** What it says when a registry does not give a module: an HTTP status, or a connection that broke. */
const notFetched =
  /(\S+@v\S+): (.*(?:: \d{3} [A-Z]|dial tcp|timeout|EOF|connection re|no such host|deadline exceeded|certificate).*)$/m;

/** Whether the go command failed over a registry alone: what is there already is kept, and the same command goes on from it. */
export function isNotFetched(error: unknown): boolean {
  return error instanceof CommandError && !differs.test(error.output) && notFetched.test(error.output);
}

/** Turns what the go command said into what the user can do about it. An error in a source remains what it is. */
export function goFailure(error: unknown): unknown {
  if (!(error instanceof CommandError)) return error;
  const { output } = error;
  const different = differs.exec(output);
  if (different) {
    const module = different[1] ?? "a module";
    return new UserError(
      `Refused: ${module} as downloaded is not what airgap/go.sum says it is. Somebody between here and its author changed it, ` +
        "or the download broke. `go clean -modcache` removes what was downloaded; then run the same command again.",
    );
  }
  const missing = notFetched.exec(output);
  if (missing) {
    const reason = missing[2]?.replace(/^(reading|Get) \S+: /, "");
    return new UserError(
      `The Go module ${missing[1]} could not be fetched (${reason}). What is there already is kept: ` +
        "run the same command again, and it goes on from here.",
    );
  }
  if (/no space left on device/.test(output)) {
    return new UserError("The disk is full. Free some space and run the same command again.");
  }
  return error;
}
