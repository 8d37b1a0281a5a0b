import type { Topic } from "../records.ts";
import { baseline } from "./baseline.ts";
import { canary } from "./canary.ts";
import { ejection } from "./ejection.ts";
import { faults } from "./faults.ts";
import { growth } from "./growth.ts";
import { matrix } from "./matrix.ts";
import { platform } from "./platform.ts";
import { program } from "./program.ts";
import { revocation } from "./revocation.ts";
import type { Section } from "./section.ts";
import { shifting } from "./shifting.ts";
import { start } from "./start.ts";
import { timeline } from "./timeline.ts";

/** The whole report, in the order it is read: what there is, what it keeps, what it costs. */
export const sections: { readonly [T in Topic]: Section<T> } = {
  platform,
  matrix,
  revocation,
  canary,
  shifting,
  ejection,
  faults,
  baseline,
  growth,
  program,
  start,
  timeline,
};

/** Every topic, in the order of the report. */
export const topics = Object.keys(sections) as Topic[];
