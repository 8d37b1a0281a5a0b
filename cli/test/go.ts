import { execa } from "execa";
import { messageOf } from "../../lib/messages.ts";
import { broken, type Failure, judged, type SuiteResult } from "./result.ts";

/** One line of `go test -json`. */
interface Event {
  readonly Action: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** Counts the tests of `go test -json` as its lines come, and passes on what people want to read. */
export class GoTestCount {
  private passed = 0;
  private readonly failures: Failure[] = [];
  private readonly failedPackages = new Set<string>();
  private readonly packagesWithFailedTests = new Set<string>();
  /** What each running test said: shown when it fails. */
  private readonly said = new Map<string, string>();

  constructor(private readonly show: (text: string) => void) {}

  line(text: string): void {
    const event = parse(text);
    if (!event) this.show(`${text}\n`);
    else if (event.Test) this.test(event, `${event.Package}.${event.Test}`);
    else this.package(event);
  }

  private test({ Action, Package = "", Output = "" }: Event, name: string): void {
    if (Action === "output") this.said.set(name, (this.said.get(name) ?? "") + Output);
    if (Action === "pass") this.passed += 1;
    if (Action === "fail") {
      const reason = this.said.get(name) ?? "";
      this.failures.push({ test: name, reason });
      this.packagesWithFailedTests.add(Package);
      this.show(reason);
    }
    if (Action === "pass" || Action === "fail" || Action === "skip") this.said.delete(name);
  }

  private package({ Action, Package = "", Output }: Event): void {
    if (Output && Output !== "PASS\n") this.show(Output);
    if (Action === "fail") this.failedPackages.add(Package);
  }

  /** A package that failed without a failed test did not compile, or crashed: that counts as one. */
  result(suite: string, exitCode: number): SuiteResult {
    const crashed = [...this.failedPackages].filter((name) => !this.packagesWithFailedTests.has(name));
    const unread = crashed.map((name) => ({ test: name, reason: "It did not compile, or crashed." }));
    return judged(suite, this.passed, [...this.failures, ...unread], exitCode);
  }
}

function parse(text: string): Event | undefined {
  try {
    return JSON.parse(text) as Event;
  } catch {
    return undefined;
  }
}

/** Runs the tests of Go packages. */
export async function runGoTests(
  suite: string,
  cwd: string,
  packages: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<SuiteResult> {
  const count = new GoTestCount((text) => process.stdout.write(text));
  try {
    const child = execa("go", ["test", "-json", ...packages], { cwd, env, reject: false, stdin: "ignore", all: true });
    for await (const line of child.iterable({ from: "all" })) count.line(String(line));
    return count.result(suite, (await child).exitCode ?? 1);
  } catch (error) {
    console.error(messageOf(error));
    return broken(suite, messageOf(error));
  }
}
