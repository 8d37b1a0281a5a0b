import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";

/** Where long work says which step it is at, for how long, and what it waits for. */
export interface Progress {
  /**
   * Runs one step and shows its title, its latest detail and, at the end, how long it took.
   * Steps may nest, and run side by side; a nested step shows indented below its parent.
   *
   * @param work - gets a function that replaces the shown detail, such as "412 of 3,160 packages" or "waiting for worker2".
   */
  step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
  /** Prints one line that stays, such as a decision the reader wants to know. */
  note(text: string): void;
}

/** How often a line that has not changed is printed again where there is no terminal, in milliseconds. */
const heartbeat = 15_000;

/** For how long a terminal's line is about one of several steps, in milliseconds. */
const turn = 3_000;

interface Step {
  readonly title: string;
  readonly parent: Step | undefined;
  readonly began: number;
  detail: string;
}

/**
 * Progress on a stream: one line that is rewritten each second on a terminal, plain lines elsewhere.
 * Written to standard error by default, so that a command's standard output holds its result alone.
 */
export function consoleProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const inside = new AsyncLocalStorage<Step>();
  const running = new Set<Step>();
  const line = (text: string) => stream.write(`${stream.isTTY ? "\r\x1b[K" : ""}${text}\n`);
  const isLeaf = (step: Step) => ![...running].some(({ parent }) => parent === step);

  /** What goes on just now, on the one line that there is for it; what goes on side by side, in turn. */
  const redraw = () => {
    const leaves = [...running].filter(isLeaf);
    const step = leaves[Math.floor(Date.now() / turn) % leaves.length];
    if (step) stream.write(`\r\x1b[K${`${indent(step.parent)}… ${told(step)}`.slice(0, stream.columns - 1)}`);
  };

  return {
    note: (text) => void line(`${indent(inside.getStore())}· ${text}`),
    async step(title, work) {
      const parent = inside.getStore();
      const step: Step = { title, parent, began: Date.now(), detail: "" };
      const pad = indent(parent);
      let said = "";
      const beat = () => {
        if (step.detail !== said || step.detail === "") line(`${pad}… ${told(step)}`);
        said = step.detail;
      };
      if (!stream.isTTY) line(`${pad}… ${title}`);
      running.add(step);
      const timer = stream.isTTY ? setInterval(redraw, 1_000) : setInterval(beat, heartbeat);
      const end = (sign: "✓" | "✗") => {
        running.delete(step);
        line(`${pad}${sign} ${title} (${since(step)})`);
      };
      try {
        const result = await inside.run(step, () =>
          work((text) => {
            step.detail = text;
          }),
        );
        end("✓");
        return result;
      } catch (error) {
        end("✗");
        throw error;
      } finally {
        clearInterval(timer);
      }
    },
  };
}

/** What is below a step begins further to the right. */
function indent(parent: Step | undefined): string {
  return parent ? `  ${indent(parent.parent)}` : "";
}

const told = (step: Step) => `${step.title}${step.detail && `: ${step.detail}`} (${since(step)})`;

function since({ began }: Step): string {
  const total = (Date.now() - began) / 1000;
  return total < 60 ? `${total.toFixed(1)} s` : `${Math.floor(total / 60)} min ${Math.round(total % 60)} s`;
}
