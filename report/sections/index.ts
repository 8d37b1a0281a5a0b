import type { Topic } from "../records.ts";
import { canary } from "./canary.ts";
import { ejection } from "./ejection.ts";
import { faults } from "./faults.ts";
import { growth } from "./growth.ts";
import { latency } from "./latency.ts";
import { matrix } from "./matrix.ts";
import { platform } from "./platform.ts";
import { program } from "./program.ts";
import { revocation } from "./revocation.ts";
import type { Section } from "./section.ts";
import { shifting } from "./shifting.ts";
import { start } from "./start.ts";
import { throughput } from "./throughput.ts";

/** The whole report, in the order it is read: what there is, what it keeps, what it costs. */
export const sections: { readonly [T in Topic]: Section<T> } = {
  platform,
  matrix,
  revocation,
  canary,
  shifting,
  ejection,
  faults,
  latency,
  throughput,
  growth,
  program,
  start,
};

/** Every topic, in the order of the report. */
export const topics = Object.keys(sections) as Topic[];
