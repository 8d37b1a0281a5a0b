/*
 * When a job runs, as Kubernetes reads it: five fields for minute, hour, day of the month, month and day of the week.
 */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Field {
  readonly least: number;
  readonly most: number;
  /** In place of numbers, from the least on. */
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: months },
  { least: 0, most: 6, names: weekdays },
];

/** Why a text is no schedule; undefined when it is one. */
export function scheduleProblem(given: string): string | undefined {
  const parts = given.split(" ");
  const isSchedule = parts.length === fields.length && fields.every((field, index) => isField(parts[index] ?? "", field));
  return isSchedule
    ? undefined
    : "five fields with a space between, for minute, hour, day of the month, month and day of the week, such as 0 3 * * *";
}

/** A list of ranges, each of which may have a step. */
function isField(text: string, { least, most, names = [] }: Field): boolean {
  const numberOf = (value: string) => {
    const named = names.indexOf(value.toLowerCase());
    if (named >= 0) return named + least;
    return /^\d{1,2}$/.test(value) ? Number(value) : Number.NaN;
  };
  return text.split(",").every((part) => {
    const [range = "", step, ...others] = part.split("/");
    if (others.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
    if (range === "*") return true;
    const [first = "", last = first, ...more] = range.split("-");
    const [from, to] = [numberOf(first), numberOf(last)];
    return more.length === 0 && from >= least && to <= most && from <= to;
  });
}
