import type { Issued, Signed } from "../../cli/certificates/issue.ts";

/**
 * Has a certificate made by the certificates' command line, in the project's folder, where Pulumi starts a dynamic provider.
 *
 * Pulumi stores the methods of dynamic providers as text together with all they refer to: so this refers to nothing
 * outside itself, and imports what it needs when it runs.
 */
export async function issued(hosts: readonly string[], authority?: Pick<Signed, "certificate" | "key">): Promise<Issued> {
  const { spawn } = await import("node:child_process");
  const words = ["--import", "tsx", "cli/certificate.ts", "issue"];
  const child = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    said.stdout += data;
  });
  child.stderr.on("data", (data) => {
    said.stderr += data;
  });
  // One that ended before it read all is told by how it ended.
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify({ hosts, ...(authority && { authority }) }));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const last = (text: string) => text.trim().split("\n").at(-1) ?? "";
  if (code !== 0) throw new Error(last(said.stderr) || `cli/certificate.ts ended with ${code}`);
  return JSON.parse(last(said.stdout)) as Issued;
}
