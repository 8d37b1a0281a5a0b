/** What to type for a stack: the one that `make` takes unasked need not be named. */
export function makeFor(stack = "local", target: string): string {
  return `make ${target}${stack === "local" ? "" : ` STACK=${stack}`}`;
}

/** What to type to have a stack's cluster made anew, with all that is in it. */
export function makeAnew(stack?: string): string {
  return `\`${makeFor(stack, "down")}\`, then \`${makeFor(stack, "up")}\``;
}
