import { availableParallelism } from "node:os";
import type { ToolchainPart } from "../names.ts";

/*
 * How long the first build takes. The figures were measured on a machine with 2 cores.
 */

/** What each part of the toolchain takes, in seconds of one core. */
const work: Readonly<Record<ToolchainPart, number>> = { cluster: 680, pulumi: 280, tools: 50 };

/** What is waited for whatever the number of cores: downloads, nodes, pods. In seconds. */
const rest = 60;

/** Seconds that a part of the toolchain takes on an idle machine of so many cores. */
export const secondsFor = (part: ToolchainPart, cores = availableParallelism()) => work[part] / cores;

/** What a reader knows of each part. */
const products: Readonly<Record<ToolchainPart, readonly string[]>> = {
  cluster: ["Kubernetes", "Istio"],
  pulumi: ["Pulumi"],
  tools: ["helm", "istioctl"],
};

/** What a first `make up` takes here that builds these parts, in one sentence. */
export function announcement(parts: readonly ToolchainPart[], cores = availableParallelism()): string {
  const all = parts.reduce((sum, part) => sum + secondsFor(part, cores), rest);
  const names = parts.flatMap((part) => products[part]).join(", ");
  const what = names.replace(/, ([^,]*)$/, " and $1");
  return (
    `This run compiles ${what}: ${duration(all)} on this machine's ${cores} core(s) when nothing else runs. ` +
    "Later runs find it done; a run that is cut off is gone on with."
  );
}

/** Linking a program is as much work as compiling so many packages. */
const link = 40;

/**
 * Which part of the time was over when such a part of packages and programs was done, in builds that were watched: modules are fetched
 * at first, and packages are small in the middle.
 */
const watched: readonly (readonly [counted: number, over: number])[] = [
  [0, 0],
  [0.08, 0.17],
  [0.2, 0.27],
  [0.4, 0.46],
  [0.57, 0.62],
  [0.7, 0.74],
  [0.84, 0.82],
  [0.95, 0.95],
  [1, 1],
];

/** Which part of a build's time is over, from 0 to 1. */
export function fractionDone(compiled: number, packages: number, linked: number, programs: number): number {
  const done = Math.min(1, (compiled + link * linked) / Math.max(1, packages + link * programs));
  const next = watched.findIndex(([counted]) => counted >= done);
  const [[from, over], [to, then]] = [watched[next - 1] ?? [0, 0], watched[next] ?? [1, 1]];
  return to === from ? then : over + ((done - from) / (to - from)) * (then - over);
}

/**
 * For how long the pace is looked back at, in seconds: it changes with what else the machine does. Of a slow build a third, as a single
 * large package takes minutes there.
 */
const lookBack = (sinceBegin: number) => Math.max(120, sinceBegin / 3);

/** How many times slower than on average so far the rest may be taken to go. */
const slowest = 5;

/**
 * Estimates how long work will take that is still to be done: by what is documented at first, and ever more by the pace of the
 * last minutes.
 */
export class Estimate {
  private readonly expected: number;
  private readonly now: () => number;
  private readonly began: number;
  /** How much was done when, in seconds; the oldest first. */
  private samples: { readonly at: number; readonly done: number }[];

  /**
   * @param expected - how long all of it takes on an idle machine, in seconds.
   * @param now - the time in seconds, so that tests can say it is another.
   */
  constructor(expected: number, now = () => Date.now() / 1_000) {
    this.expected = expected;
    this.now = now;
    this.began = now();
    this.samples = [{ at: this.began, done: 0 }];
  }

  /** Seconds that are left when this part is done, from 0 to 1. */
  left(done: number): number {
    const at = this.now();
    if ((this.samples.at(-1)?.done ?? 0) <= done) this.samples.push({ at, done });
    while (this.samples.length > 2 && at - (this.samples[1]?.at ?? at) >= lookBack(at - this.began)) this.samples.shift();
    const [first = { at, done }] = this.samples;
    const pace = (done - first.done) / Math.max(1, at - first.at);
    const documented = (1 - done) * this.expected;
    if (pace <= 0) return documented;
    const trust = Math.min(1, 2 * done);
    // One package or a pause of minutes must not count for hours.
    const longest = (slowest * (1 - done) * (at - this.began)) / done;
    return Math.min(longest, trust * ((1 - done) / pace) + (1 - trust) * documented);
  }

  /** The same in words. */
  say(done: number): string {
    return `${duration(this.left(done))} left`;
  }
}

/** Whole minutes: an estimate knows no more. */
function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 1 ? "less than a minute" : `about ${minutes} min`;
}
