/** How long each step of a command took, for the table at its end. */
export class Timings {
  private readonly steps: { readonly title: string; readonly milliseconds: number }[] = [];
  private readonly started = Date.now();

  async measure<T>(title: string, work: () => Promise<T>): Promise<T> {
    const started = Date.now();
    try {
      return await work();
    } finally {
      this.steps.push({ title, milliseconds: Date.now() - started });
    }
  }

  /** One line for each step, and one for all of it. */
  table(): string[] {
    const rows = [...this.steps, { title: "all of it", milliseconds: Date.now() - this.started }];
    const width = Math.max(...rows.map(({ title }) => title.length));
    return rows.map(({ title, milliseconds }) => `  ${title.padEnd(width)}  ${inSeconds(milliseconds).padStart(9)}`);
  }
}

function inSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
