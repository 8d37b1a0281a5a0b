/** One step of `make up`. */
export interface Step {
  readonly step: string;
  readonly seconds: number;
}

/**
 * The steps in the table that `make up` ends with, the whole last.
 *
 * @throws Error when there is none.
 */
export function stepsOf(said: string): Step[] {
  const [, table = ""] = said.split(/^It took:$/m);
  const steps = [...table.matchAll(/^ {2}(\S.*?) {2,}(?:(\d+) min )?([\d.]+) s$/gm)].map(
    ([, step = "", minutes = "0", seconds]) => ({
      step,
      seconds: Number(minutes) * 60 + Number(seconds),
    }),
  );
  if (steps.length === 0) throw new Error(`make up told no times: ${said.slice(-1_000)}`);
  return steps;
}
