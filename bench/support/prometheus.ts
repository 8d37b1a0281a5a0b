/** What a page in Prometheus' text format says of one metric, or of one part of a histogram: all its series added up. */
export function metricOf(page: string, metric: string): number {
  return page
    .split("\n")
    .filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** How many values a histogram got between two pages, and their mean. NaN where it got none. */
export function meanBetween(before: string, after: string, histogram: string): { readonly count: number; readonly mean: number } {
  const grown = (part: string) => metricOf(after, `${histogram}_${part}`) - metricOf(before, `${histogram}_${part}`);
  const count = grown("count");
  return { count, mean: grown("sum") / count };
}
