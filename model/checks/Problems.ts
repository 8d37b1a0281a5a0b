/** Collects what is wrong, each with its place, what was given there and what is allowed. */
export class Problems {
  readonly found: string[] = [];

  /** @param place - such as `prod/frontend calls[0]`. */
  refuse(place: string, given: unknown, allowed: string): void {
    this.found.push(`apps: ${place} is ${given === undefined ? "not given" : JSON.stringify(given)}; allowed: ${allowed}`);
  }

  /** Refuses a value for which its rule has an answer. */
  rule<T>(place: string, given: T, rule: (given: T) => string | undefined): void {
    const allowed = rule(given);
    if (allowed !== undefined) this.refuse(place, given, allowed);
  }
}
