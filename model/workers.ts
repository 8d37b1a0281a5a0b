import { z } from "zod";
import { milliseconds } from "./durations.ts";
import { egressOf } from "./egress.ts";
import type { ServiceImageSource } from "./image.ts";
import { probeProblems, probes, probesOf } from "./probes.ts";
import { podSettingsOf, programOf, programShape, requirePodsRunnable } from "./program.ts";
import { addIssue, duration, integer, judged, listOf, message, strictObject } from "./rules.ts";
import { scheduleProblem } from "./schedule.ts";
import type { ServiceVersion } from "./service.ts";

/*
 * What nobody calls: workers, which run on, and jobs, which end.
 */

/** A process that takes its work from elsewhere, such as a queue. */
export const worker = strictObject({
  ...programShape,
  /** On ports by their numbers, as it has none that others know. @default none: it is started again when it ends */
  probes: probes.prefault({}),
  replicas: integer(1, 50).default(1),
})
  .superRefine((given, ctx) => {
    for (const [path, allowed] of probeProblems(silent(given.probes), [])) addIssue(ctx, ["probes", ...path], allowed);
    requirePodsRunnable(given, ctx);
  })
  .transform((given) => {
    const { calls, replicas, probes } = given;
    // It is deployed as a service is that listens on nothing.
    const version: ServiceVersion<ServiceImageSource> = { ...{ name: "v1", weight: 100, replicas }, ...programOf(given) };
    const reach = { calls, egress: egressOf(given.egress) };
    return { ports: [], probes: probesOf(silent(probes), []), ...reach, ...podSettingsOf(given), versions: [version] };
  });

const silent = ({ ready = "none", ...rest }: z.output<typeof probes>) => ({ ...rest, ready });

/** The zones of time that Kubernetes knows are those of the IANA database, which Node.js has too. */
const timeZone = () =>
  judged((text) => (isTimeZone(text) ? undefined : "the name of a time zone, such as Europe/Berlin or Etc/UTC"));

function isTimeZone(text: string): boolean {
  try {
    // Kubernetes tells capitals from small letters, which Node.js does not.
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions();
    const isOtherwise = timeZone !== text && timeZone.toLowerCase() === text.toLowerCase();
    return /^[A-Z]\w+(\/[\w+-]+)*$/.test(text) && !isOtherwise;
  } catch {
    return false;
  }
}

/** A process that runs to its end: once for each state of it that is deployed, or by a schedule. */
export const job = strictObject({
  ...programShape,
  /**
   * What waits until it has ended well: `deploy` for every service and worker of the application, or the names of some. If it fails,
   * they stay as they were. @default nothing
   */
  before: z
    .union(
      [z.literal("deploy"), listOf(z.string(), "names of services and workers", { least: 1 })],
      message("deploy, or a list of names of services and workers"),
    )
    .exactOptional(),
  /** When it runs again and again, in the five fields of cron. It is not begun while the last one runs. @default once */
  schedule: judged(scheduleProblem).exactOptional(),
  /** Of the schedule. @default the cluster's, which is UTC in most */
  timeZone: timeZone().exactOptional(),
  /** How often it may fail and be begun again. */
  retries: integer(0, 20).default(3),
  /** How long it may take in all, in whole seconds; then it has failed. */
  timeout: duration("s").default("10m"),
})
  .superRefine((given, ctx) => {
    const { before, schedule, timeZone } = given;
    if (before !== undefined && schedule !== undefined)
      addIssue(ctx, ["before"], "nothing with a schedule: what is deployed does not wait for it", before);
    if (timeZone !== undefined && schedule === undefined) addIssue(ctx, ["timeZone"], "nothing without a schedule", timeZone);
    requirePodsRunnable(given, ctx);
  })
  .transform((given) => {
    const { before, schedule, timeZone, retries, timeout, calls } = given;
    return {
      ...{
        program: programOf(given),
        calls,
        egress: egressOf(given.egress),
        retries,
        seconds: (milliseconds(timeout) ?? 0) / 1_000,
      },
      ...podSettingsOf(given),
      ...(before !== undefined && { before }),
      ...(schedule !== undefined && { schedule }),
      ...(timeZone !== undefined && { timeZone }),
    };
  });
