/*
 * Hosts that gateways serve: names, and `*.` before a name for all hosts right below that, as certificates have them.
 */

/** Whether it stands for all hosts below a name. */
export const isBelow = (host: string) => host.startsWith("*.");

/** Whether proxies look for a host among those of a name: they take any depth for below it. */
export const isWithin = (host: string, below: string) => isBelow(below) && host.endsWith(below.slice(1));

/** Whether everything that one stands for is what another one stands for. */
export function covers(pattern: string, host: string): boolean {
  return pattern === host || (isBelow(pattern) && host.slice(host.indexOf(".")) === pattern.slice(1));
}
