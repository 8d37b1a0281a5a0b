/*
 * Rules for single values: each returns what is allowed when the value is not, and otherwise nothing.
 */

type Rule<T> = (value: T) => string | undefined;

/** A name in Kubernetes and DNS of at most so many letters. */
export const label =
  (most: number): Rule<string> =>
  (name) =>
    /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= most
      ? undefined
      : `lower-case letters, digits and hyphens, beginning with a letter, ending with a letter or digit, at most ${most} long`;

export const whole =
  (least: number, most: number): Rule<number> =>
  (value) =>
    Number.isInteger(value) && value >= least && value <= most ? undefined : `a whole number from ${least} to ${most}`;

export const matching =
  (pattern: RegExp, meaning: string): Rule<string> =>
  (value) =>
    pattern.test(value) ? undefined : meaning;

/**
 * A path that means the same to everybody who reads it: gateways, proxies and policies each have characters that stand for
 * something else, and encoded ones are decoded on the way.
 */
export const path: Rule<string> = (value) => {
  const segments = value.split("/").slice(1);
  const plain = segments.every((segment) => /^[A-Za-z0-9._-]+$/.test(segment) && !/^\.{1,2}$/.test(segment));
  return value === "/" || (value.startsWith("/") && plain)
    ? undefined
    : "/ or a path such as /api/products: a slash before each part, none at the end, parts of letters, digits and . _ - alone";
};

export const versioned: Rule<string> = (value) =>
  value.split("{version}").length === 2 && path(value.replace("{version}", "v")) === undefined
    ? undefined
    : "a path such as /api/{version}/products, with {version} in it once";

const known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

export const method: Rule<string> = (value) => (known.includes(value) ? undefined : `one of ${known.join(", ")}`);

/** Ports that the proxy beside each container has for itself begin here, and end before 15100. */
const proxyPorts = 15_000;

export const containerPort: Rule<number> = (value) => {
  const taken = value >= proxyPorts && value < proxyPorts + 100;
  return whole(1_024, 65_535)(value) === undefined && !taken
    ? undefined
    : "a whole number from 1024 to 65535, as the process has no privilege, but none from 15000 to 15099, which are the proxy's";
};

/** Some of a list, or none of it at all; an empty one would mean neither. */
export const someOrAbsent =
  (meaning: string): Rule<readonly unknown[] | undefined> =>
  (values) =>
    values?.length === 0 ? `at least one, or none at all, which means ${meaning}` : undefined;
