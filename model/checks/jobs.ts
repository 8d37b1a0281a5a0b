import type { Application } from "../application.ts";
import { resolveCall } from "../names.ts";
import type { Problems } from "./problems.ts";

/**
 * What waits for a job must be there, and must be nothing that the job itself calls: then neither would ever begin.
 *
 * @param names - of all services and workers of the application, whether they are right by themselves or not.
 */
export function checkJobs({ namespace, jobs = [] }: Application, names: readonly string[], problems: Problems): void {
  for (const { name, before, calls = [] } of jobs) {
    if (before === undefined) continue;
    const job = { namespace, name };
    const waiting = before === "deploy" ? names : before;
    if (before !== "deploy") {
      for (const [index, one] of before.entries())
        if (!names.includes(one))
          problems.refuse(
            job,
            ["before", index],
            `one of ${names.join(", ") || "the services and workers, of which there are none"}`,
          );
    }
    for (const [index, { to }] of calls.entries()) {
      const callee = resolveCall(namespace, to);
      if (callee.namespace !== namespace || !waiting.includes(callee.name)) continue;
      problems.refuse(
        job,
        ["calls", index, "to"],
        `a workload that does not wait for the job, as its before says of ${callee.name}`,
      );
    }
  }
}
