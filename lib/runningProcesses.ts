import { readFileSync } from "node:fs";
import process from "node:process";

/**
 * Whether a process of this number runs. One that ended, and whose parent has not taken note of it yet, does not: after a
 * `kill -9` of a whole run, the machine's first process is that parent, and some of those take their time.
 */
export function isAlive(pid: number): boolean {
  if (process.platform === "linux") return statOf(pid) !== undefined;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, as the kernel counts; empty when it does not run. Without /proc, that it runs has to do. */
export function startOf(pid: number): string {
  if (process.platform !== "linux") return isAlive(pid) ? "alive" : "";
  return statOf(pid)?.[19] ?? "";
}

/** What Linux tells about a process that runs: the fields after its name, which are its state and so on. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return /^[ZX]/.test(fields[0] ?? "Z") ? undefined : fields;
  } catch {
    return undefined;
  }
}
