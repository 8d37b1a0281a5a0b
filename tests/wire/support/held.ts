/** Holds what is there while a function runs for as long as the tests of a file need it. */
export interface Held {
  /** @param hold - has something there, and calls and awaits what it is given meanwhile. Resolves when that is called. */
  open(hold: (held: () => Promise<void>) => Promise<unknown>): Promise<void>;
  /** Lets the function end, and waits for that. */
  close(): Promise<void>;
}

export function createHeld(): Held {
  let end = () => {};
  let ended: Promise<unknown> = Promise.resolve();
  return {
    open: (hold) =>
      new Promise<void>((ready, failed) => {
        const held = () =>
          new Promise<void>((resolve) => {
            end = resolve;
            ready();
          });
        ended = hold(held);
        ended.catch(failed);
      }),
    async close() {
      end();
      await ended;
    },
  };
}
