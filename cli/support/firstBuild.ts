import { announcement, missingParts } from "../../airgap/index.ts";

/** What is said of a build that takes minutes, before it begins; undefined where everything is built. */
export function buildNotice(): string | undefined {
  const missing = missingParts();
  return missing.length > 0 ? announcement(missing) : undefined;
}
