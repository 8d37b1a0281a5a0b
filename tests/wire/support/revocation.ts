import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../../lib/runningStack.ts";
import type { Asker } from "./inside/pods.ts";
import type { Asked, Kept, Target } from "./inside/protocol.ts";
import type { PortForward } from "./portForwards.ts";

/** A policy that is not there yet, and what leads to the API server. */
export class Policy {
  private readonly name = "wire-revocation";
  private readonly path: string;

  constructor(
    private readonly api: PortForward,
    private readonly namespace: string,
    private readonly spec: object,
  ) {
    this.path = `/apis/security.istio.io/v1/namespaces/${namespace}/authorizationpolicies`;
  }

  /** Returns when the API server answered, in ms since 1970. */
  async write(): Promise<number> {
    const { name, namespace, spec } = this;
    const body = { apiVersion: "security.istio.io/v1", kind: "AuthorizationPolicy", metadata: { name, namespace }, spec };
    await this.api.ask(this.path, { method: "POST", type: "application/json", body: JSON.stringify(body) });
    return Date.now();
  }

  async remove(): Promise<void> {
    await this.api.ask(`${this.path}/${this.name}`, { method: "DELETE", type: "application/json", body: "" });
  }
}

/** Somebody who asks, all the time and now and then, until a policy forbids it. */
export interface Watch {
  readonly asker: Asker;
  readonly policy: Policy;
  readonly path: string;
  readonly busy: readonly Target[];
  /** Connections on which nothing is asked for a while; each is asked once more, a tenth of a second after the one before it. */
  readonly idle: readonly Target[];
}

/** Milliseconds from the API server's answer until the last request that was still allowed; 0 where none was. */
export interface Revoked {
  readonly busy: number;
  readonly idle: number;
  /** How many of the idle connections were served once more under the policy before. */
  readonly servedOnce: number;
}

const step = 100;

/** Begins to ask all the time. */
export function begin({ asker, busy, path }: Watch): Promise<void> {
  return asker.keepBusy({ targets: busy, path }, 40);
}

/** Waits until everybody is served, on connections that are open and on new ones, of which it leaves some idle. */
async function served({ asker, idle, path }: Watch): Promise<void> {
  await asker.open({ targets: idle, path } satisfies Kept);
  await asker.taken();
  await eventually("nothing but 200 for a while", 20, async () => {
    await pause(step);
    const statuses = (await asker.taken()).map(({ status }) => status);
    if (statuses.length === 0 || statuses.some((status) => status !== 200)) throw new Error(`statuses ${statuses.join(", ")}`);
  });
}

/** One round: everybody is served, the policies are written, and removed when the last one has asked. */
export async function revoke(watches: readonly Watch[]): Promise<readonly Revoked[]> {
  await Promise.all(watches.map(served));
  const rounds = await Promise.all(
    watches.map(async ({ asker, policy, idle }): Promise<Revoked> => {
      const before = Date.now();
      const ahead = (await asker.clock()) - (before + Date.now()) / 2;
      const written = (await policy.write()) + ahead;
      const asked = await asker.askOpened(idle.map((_, index) => written + step * (index + 1)));
      const last = asked.at(-1)?.status;
      if (last !== 403) throw new Error(`at last nobody was refused, but answered with ${last}`);
      return {
        busy: lastAllowed(await asker.taken(), written),
        idle: lastAllowed(asked, written),
        servedOnce: asked.filter(({ status }) => status === 200).length,
      };
    }),
  );
  await Promise.all(watches.map(({ policy }) => policy.remove()));
  return rounds;
}

function lastAllowed(asked: readonly Asked[], written: number): number {
  return Math.round(Math.max(0, ...asked.filter(({ status }) => status === 200).map(({ at }) => at - written)));
}
