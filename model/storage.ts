import { z } from "zod";
import { filePath } from "./container.ts";
import { addIssue, message, text } from "./rules.ts";

/*
 * What a service keeps: folders that outlive its pods.
 */

/** Size of a volume, such as `1Gi`. Most storage classes let it grow, none lets it shrink. */
export const volumeSize = text(/^[1-9]\d{0,4}(Mi|Gi|Ti)$/, "a size such as 500Mi or 1Gi");

/** A volume's name is made of its path, and part of other names. */
const longestPath = 50;

/**
 * Folders by their paths, and how much each holds. Each pod has volumes of its own, which the next pod of its name gets.
 *
 * @example
 * { "/data": "1Gi" }
 */
export const storage = z
  .record(filePath, volumeSize, message("a mapping of paths of folders to sizes"))
  .superRefine((given, ctx) => {
    const paths = Object.keys(given);
    if (paths.length === 0) addIssue(ctx, [], "at least one folder, or no storage at all");
    for (const [index, path] of paths.entries()) {
      if (path.length > longestPath) addIssue(ctx, [path], `a path of at most ${longestPath} characters`);
      const same = paths.slice(0, index).find((other) => volumeOf(other) === volumeOf(path));
      if (same) addIssue(ctx, [path], `a path that differs from ${same} in its letters or digits, of which volumes are named`);
    }
  });
export type Storage = z.output<typeof storage>;

/** Name of the volume at a path. */
export function volumeOf(path: string): string {
  const words = path.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return ["volume", ...words].join("-");
}

/** What a pod's volume is claimed with. */
export interface Claim {
  /** As a StatefulSet names it. */
  readonly name: string;
  readonly size: string;
}

/** The claims of all pods of a service. */
export function claimsOf(service: string, storage: Storage, replicas: number): Claim[] {
  return Array.from({ length: replicas }, (_, ordinal) => ordinal).flatMap((ordinal) =>
    Object.entries(storage).map(([path, size]) => ({ name: `${volumeOf(path)}-${service}-${ordinal}`, size })),
  );
}
