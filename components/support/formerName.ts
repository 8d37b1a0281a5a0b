import type * as pulumi from "@pulumi/pulumi";
import { type Account, same } from "../../model/names.ts";

/**
 * Options with which a resource of a workload keeps its state under the name that earlier versions gave it. They knew each workload by
 * its name alone, which was unique in the platform. Where another workload has that name, or is known to Pulumi by it, the state is
 * that one's: a stack is updated once before two workloads share a name.
 *
 * @param former - the resource's name then.
 * @param all - the workloads of the platform.
 */
export function withFormerName<O extends pulumi.ResourceOptions>(
  opts: O,
  former: string,
  workload: Account,
  all: readonly Account[],
): O {
  const isTaken = all.some(
    (other) => !same(other, workload) && [other.name, `${other.namespace}-${other.name}`].includes(workload.name),
  );
  return isTaken ? opts : { ...opts, aliases: [...(opts.aliases ?? []), { name: former }] };
}
