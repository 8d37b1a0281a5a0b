import { Argument, Command } from "commander";
import { runCommand } from "./support/main.ts";

/*
 * What the Makefile runs. Each command is a module of its own, loaded when it is asked for, so that none waits for what
 * another one needs.
 */

const program = new Command("mesh").description("the platform's command line, behind `make`");

function onStack(name: string, description: string): Command {
  return program.command(name).description(description).option("--stack <name>", "which Pulumi.<stack>.yaml", "local");
}

onStack("up", "bring the platform up").action(async ({ stack }) => (await import("./commands/up.ts")).up(stack));
onStack("preview", "show what `up` would change").action(async ({ stack }) =>
  (await import("./commands/preview.ts")).preview(stack),
);
onStack("down", "take everything down").action(async ({ stack }) => (await import("./commands/down.ts")).down(stack));
onStack("status", "show what there is and what is wrong").action(async ({ stack }) =>
  (await import("./commands/status.ts")).status(stack),
);
onStack("env", "print a shell's environment for the stack").action(async ({ stack }) =>
  (await import("./commands/env.ts")).env(stack),
);
onStack("report", "draw what wire tests and benchmarks recorded").action(async ({ stack }) =>
  (await import("./commands/report.ts")).report(stack),
);
onStack("clean", "remove this checkout's state")
  .option("--cache", "also what all checkouts share")
  .action(async ({ stack, cache }) => (await import("./commands/clean.ts")).clean(stack, cache));

program
  .command("test")
  .description("run tests: all of them, or one suite")
  .argument("[suite]", "lint, unit, provider, contract or wire")
  .argument("[pattern]", "only test files of this name")
  .option("--stack <name>", "which stack the wire tests ask", "local")
  .action(async (suite, pattern, { stack }) => (await import("./commands/test.ts")).test(suite, pattern, stack));

program
  .command("tool")
  .description("print where helm or istioctl is, and build both where they are missing")
  .addArgument(new Argument("<name>", "which one").choices(["helm", "istioctl"]))
  .action(async (name) => (await import("./commands/tool.ts")).tool(name));

program
  .command("bench")
  .description("measure what the platform costs: all topics, or one")
  .argument("[topic]", "start, baseline, growth or program")
  .action(async (topic) => (await import("./commands/bench.ts")).bench(topic));

await runCommand(program);
