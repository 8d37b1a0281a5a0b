/**
 * Runs one of the project's own command lines (`cli/*.ts`), which does the work of a dynamic provider, in the project's folder,
 * where Pulumi starts it. Its last line on standard output is its answer, as JSON.
 *
 * Pulumi stores the methods of dynamic providers as text together with all they refer to: so this refers to nothing
 * outside itself, and imports what it needs when it runs.
 *
 * @param input - what it reads: other users of a machine can see the words of a command, so nothing secret is among those.
 * @throws Error with its message when it fails, and no stack: Pulumi would print that.
 */
export async function runCli<T>(words: readonly [script: string, ...string[]], input = ""): Promise<T> {
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, ["--import", "tsx", ...words], { stdio: ["pipe", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    said.stdout += data;
  });
  child.stderr.on("data", (data) => {
    said.stderr += data;
  });
  // One that ended before it read all is told by how it ended.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const last = (text: string) => text.trim().split("\n").at(-1) ?? "";
  if (code === 0) return JSON.parse(last(said.stdout)) as T;
  const [, told] = /^\{"error":(".*")\}$/.exec(last(said.stdout)) ?? [];
  const error = new Error(
    told === undefined ? last(said.stderr) || `${words[0]} ${words[1] ?? ""} ended with ${code}` : JSON.parse(told),
  );
  error.stack = "";
  throw error;
}
