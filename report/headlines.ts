import { sum } from "../tests/lib/statistics.ts";
import { count, many, milliseconds, percent, seconds } from "./format.ts";
import type { Recorded, Records, Topic } from "./records.ts";
import { within } from "./sections/canary.ts";
import { limit } from "./sections/revocation.ts";
import { total } from "./sections/start.ts";

/** The last records, as far as there are any. */
export type LastRecords = { readonly [T in Topic]?: Recorded<T> };

/** A figure to begin with. */
export interface Headline {
  readonly value: string;
  readonly label: string;
  /** Whether it is as promised; left out where nothing is promised. */
  readonly kept?: boolean;
}

/** The figures that say the most, of those that can be had. */
export function headlines(records: LastRecords): Headline[] {
  const { matrix, revocation, canary, baseline, start } = records;
  return [
    ...requests(records),
    ...(matrix ? [probes(matrix.data)] : []),
    ...(revocation ? revoked(revocation.data) : []),
    ...(canary ? [splits(canary.data)] : []),
    ...(baseline ? besideIstio(baseline.data) : []),
    ...(start ? [{ value: seconds(total(start.data.steps)), label: "from nothing to the first answer" }] : []),
  ];
}

/** Requests sent, and those of them that were to be answered without fail. */
export interface Requests {
  readonly all: number;
  readonly strict: number;
  /** Of the latter. */
  readonly failed: number;
}

/** Counts the requests of all wire tests. Those of benchmarks measure something else. */
export function countRequests({ canary, shifting, ejection, faults, matrix }: LastRecords): Requests {
  const tests = [
    ...(canary?.data.splits ?? []).map((split) => ({ ...split, none: true })),
    ...(shifting ? [{ ...shifting.data, none: true }] : []),
    ...Object.values(faults?.data ?? {}),
  ];
  const strict = tests.filter(({ none }) => none);
  const ejected = ejection?.data.slices.map(({ answered, failed }) => sum(Object.values(answered)) + failed) ?? [];
  return {
    all: sum(tests.map(({ requests }) => requests)) + sum(ejected) + (matrix?.data.probes.length ?? 0),
    strict: sum(strict.map(({ requests }) => requests)),
    failed: sum(strict.map(({ failed }) => failed)),
  };
}

function requests(records: LastRecords): Headline[] {
  const { all, strict, failed } = countRequests(records);
  if (all === 0) return [];
  const sent = { value: count(all), label: "requests in all, by tests that count them" };
  return strict === 0
    ? [sent]
    : [sent, { value: count(failed), label: `failed of the ${count(strict)} where none may`, kept: failed === 0 }];
}

function probes({ probes }: Records["matrix"]): Headline {
  const held = probes.filter(({ held }) => held).length;
  return {
    value: count(held),
    label: `of ${count(probes.length)} probes answered or refused as declared`,
    kept: held === probes.length,
  };
}

function revoked({ busy, idle }: Records["revocation"]): Headline[] {
  if (busy.length + idle.length === 0) return [];
  const worst = Math.max(...busy, ...idle);
  const label = `at worst until a permission is gone, of ${many(busy.length + idle.length, "time")}`;
  return [{ value: milliseconds(worst), label, kept: worst <= limit }];
}

function splits({ splits }: Records["canary"]): Headline {
  const inside = splits.filter(within).length;
  return {
    value: count(inside),
    label: `of ${count(splits.length)} canary splits within their 99.9 % bounds`,
    kept: inside === splits.length,
  };
}

/** What declaring an application costs, where its pods ask each other. */
function besideIstio({ ways }: Records["baseline"]): Headline[] {
  const ratios = ways.find(({ way }) => way === "direct")?.ratios;
  if (!ratios) return [];
  const rest = "of what Istio takes without the platform";
  return [
    { value: percent(ratios.p50.median), label: `${rest}, for half of the answers` },
    { value: percent(ratios.busy.median), label: `${rest}, of the processor for a request` },
  ];
}
