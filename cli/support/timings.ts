import type { Span } from "../../lib/lastRuns.ts";

/** How long each step of a command took, for the table at its end. */
export class Timings {
  private readonly steps: Span[] = [];
  private readonly started = Date.now();

  async measure<T>(title: string, work: () => Promise<T>): Promise<T> {
    const from = this.now();
    try {
      return await work();
    } finally {
      this.steps.push({ what: title, from, to: this.now() });
    }
  }

  /** Seconds since the command began. */
  now(): number {
    return (Date.now() - this.started) / 1_000;
  }

  /** When each step was under way, in the order in which they ended. */
  spans(): readonly Span[] {
    return this.steps;
  }

  /** One line for each step, and one for all of it. */
  table(): string[] {
    const rows = [...this.steps, { what: "all of it", from: 0, to: this.now() }];
    const width = Math.max(...rows.map(({ what }) => what.length));
    return rows.map(({ what, from, to }) => `  ${what.padEnd(width)}  ${inSeconds(to - from).padStart(9)}`);
  }
}

function inSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
