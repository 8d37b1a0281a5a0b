import { z } from "zod";
import { message, strictObject } from "./rules.ts";

const seconds = { s: 1, m: 60, h: 3_600 } as const;

/** A whole number of one of the units, from one duration to another. */
const lasting = (units: readonly (keyof typeof seconds)[], least: string, most: string) => {
  const secondsOf = (text: string) => {
    const [, digits, unit] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? [];
    const known = units.find((one) => one === unit);
    return known === undefined ? Number.NaN : Number(digits) * seconds[known];
  };
  const allowed = message(`a duration from ${least} to ${most}, in whole ${units.join(" or ")}`);
  return z.string(allowed).refine((text) => secondsOf(text) >= secondsOf(least) && secondsOf(text) <= secondsOf(most), allowed);
};

/** What a proxy is told when it starts. A change holds for pods that start after it, and so rolls them. */
export const proxySettings = strictObject({
  /**
   * How long the certificate of a proxy is good for, from `1m` to `2160h`, in minutes (`m`) or hours (`h`). It is replaced when
   * half of that has passed, without a connection being closed.
   */
  certificateLifetime: lasting(["m", "h"], "1m", "2160h").default("24h"),
  /**
   * How long a connection lives on under the settings it was opened with, in whole seconds from `1s` to `600s`. Whoever is
   * connected when a policy is tightened may ask once more within that time. Then the connection is closed, and requests
   * that are still under way on it fail, unless their caller's proxy repeats them: any change to the policies of a workload, or to
   * the listeners of a gateway, cuts off what takes longer.
   * With the default a revocation holds within two seconds.
   */
  drain: lasting(["s"], "1s", "600s").default("1s"),
});
export type ProxySettings = z.output<typeof proxySettings>;

export const defaultProxySettings: ProxySettings = proxySettings.parse({});
