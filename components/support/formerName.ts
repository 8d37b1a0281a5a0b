import type * as pulumi from "@pulumi/pulumi";
import { type Account, same } from "../../model/names.ts";

/**
 * Options with which a resource of a workload keeps its state under the name that earlier versions gave it. They knew each workload by
 * its name alone, which was unique in the platform: of workloads that share a name, none is one of theirs.
 *
 * @param former - the resource's name then.
 * @param all - the workloads among which the name was unique.
 */
export function withFormerName<O extends pulumi.ResourceOptions>(
  opts: O,
  former: string,
  workload: Account,
  all: readonly Account[],
): O {
  const isShared = all.some((other) => other.name === workload.name && !same(other, workload));
  return isShared ? opts : { ...opts, aliases: [...(opts.aliases ?? []), { name: former }] };
}
