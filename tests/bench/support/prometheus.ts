/** What a page in Prometheus' text format says of one metric, or of one part of a histogram: all its series added up. */
export function metricOf(page: string, metric: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return page
    .split("\n")
    .filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`))
    .filter((line) => wanted.every((label) => seriesOf(line).includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** The labels of a line, each as `name="value"`. */
function seriesOf(line: string): string[] {
  return [...line.matchAll(/[a-zA-Z_]\w*="(?:[^"\\]|\\.)*"/g)].map(([label]) => label);
}

/** How many values a histogram got between two pages, and their mean. NaN where it got none. */
export function meanBetween(before: string, after: string, histogram: string): { readonly count: number; readonly mean: number } {
  const grown = (part: string) => metricOf(after, `${histogram}_${part}`) - metricOf(before, `${histogram}_${part}`);
  const count = grown("count");
  return { count, mean: grown("sum") / count };
}
