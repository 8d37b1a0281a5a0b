import process from "node:process";

/** Where long work says which step it is at, for how long, and what it waits for. */
export interface Progress {
  /**
   * Runs one step and shows its title, its latest detail and, at the end, how long it took.
   * Steps may nest; a nested step shows indented below its parent.
   *
   * @param work - gets a function that replaces the shown detail, such as "412 of 3,160 packages" or "waiting for worker2".
   */
  step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
  /** Prints one line that stays, such as a decision the reader wants to know. */
  note(text: string): void;
}

/** How often a line that has not changed is printed again where there is no terminal, in milliseconds. */
const heartbeat = 15_000;

/**
 * Progress on a stream: one line that is rewritten each second on a terminal, plain lines elsewhere.
 * Written to standard error by default, so that a command's standard output holds its result alone.
 */
export function consoleProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let depth = 0;
  const indent = () => "  ".repeat(depth);
  const line = (text: string) => stream.write(`${stream.isTTY ? "\r\x1b[K" : ""}${text}\n`);

  return {
    note: (text) => void line(`${indent()}· ${text}`),
    async step(title, work) {
      const started = Date.now();
      const pad = indent();
      let current = "";
      let said = "";
      const show = () => {
        const text = `${pad}… ${title}${current && `: ${current}`} (${seconds(started)})`;
        if (stream.isTTY) stream.write(`\r\x1b[K${text.slice(0, stream.columns - 1)}`);
        else if (current !== said || current === "") line(text);
        said = current;
      };
      if (!stream.isTTY) line(`${pad}… ${title}`);
      const timer = setInterval(show, stream.isTTY ? 1_000 : heartbeat);
      depth += 1;
      try {
        const result = await work((text) => {
          current = text;
        });
        depth -= 1;
        line(`${pad}✓ ${title} (${seconds(started)})`);
        return result;
      } catch (error) {
        depth -= 1;
        line(`${pad}✗ ${title} (${seconds(started)})`);
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

function seconds(since: number): string {
  const total = (Date.now() - since) / 1000;
  return total < 60 ? `${total.toFixed(1)} s` : `${Math.floor(total / 60)} min ${Math.round(total % 60)} s`;
}
