import type { Progress } from "../../lib/progress.ts";

/** Progress that shows nothing. */
export const silentProgress: Progress = { step: (_title, work) => work(() => {}), note: () => {} };
