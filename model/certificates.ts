/** A certificate and the key that belongs to it, both in PEM. */
export interface Signed {
  readonly certificate: string;
  /** PKCS #8. */
  readonly key: string;
  /** When the certificate ends, in ISO 8601. */
  readonly ends: string;
}

export interface Issued {
  readonly authority: Signed;
  readonly server: Signed;
}

const day = 24 * 60 * 60 * 1_000;

/** How long each certificate holds, and how long before its end it is made anew, in milliseconds. */
export const validity = {
  server: { total: 90 * day, last: 30 * day },
  authority: { total: 10 * 365 * day, last: 365 * day },
} as const;

/** Whether a certificate that ends at a time (ISO 8601) is to be made anew. */
export function isDue(kind: keyof typeof validity, ends: string, now: Date): boolean {
  return Date.parse(ends) - now.getTime() <= validity[kind].last;
}
