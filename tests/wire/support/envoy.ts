import { gatewayFacts } from "../../../components/gateway/facts.ts";
import { nameOf, serviceHost } from "../../../model/names.ts";
import { accountOf } from "../../lib/matrixRows.ts";
import { outputs } from "../../lib/runningStack.ts";
import { listPods } from "./pods.ts";
import { type PortForward, withPortForwards } from "./portForwards.ts";

/** One Envoy beside a pod or at a gateway, with its admin interface. */
export interface Envoy {
  readonly namespace: string;
  readonly pod: string;
  /** When it last took routes from the control plane, as it writes it; changes with every change of a route. */
  routesTaken(): Promise<string>;
  /** What its routes give a destination where they split, in percent: one for each of them. */
  weights(destination: string): Promise<number[]>;
  /** After how many failures in a row it ejects a destination's pod; undefined where it ejects none. */
  ejectsAfter(destination: string): Promise<number | undefined>;
  /** How many listeners, or parts of them, of settings before still have connections. */
  draining(): Promise<number>;
  /** Addresses of a destination's pods that it has ejected. */
  ejected(destination: string): Promise<string[]>;
  /** How many bytes of memory it has allocated. */
  allocated(): Promise<number>;
  /** What it has counted for a destination; 0 for what it has not counted yet. */
  counted(destination: string, counter: string): Promise<number>;
}

interface Cluster {
  readonly name: string;
  readonly outlier_detection?: { readonly consecutive_5xx?: number };
}

/** A destination as Envoy calls it: pods of one version of the product service. */
export const productVersion = (version: string) =>
  `outbound|8080|${version}|${serviceHost({ name: "product", namespace: "product" })}`;

/** Accounts that may call a workload, both as `namespace/name`: whose proxies know its routes. */
export function callersOf(workload: string): string[] {
  const rows = outputs().matrix.filter(({ to, allowed }) => to === workload && allowed);
  return rows.map(({ from }) => from);
}

/** Does something with the proxies of all ready pods of accounts, given as `namespace/name`. */
export async function withProxies<T>(accounts: readonly string[], use: (proxies: Envoy[]) => Promise<T>): Promise<T> {
  const pods = (await Promise.all(accounts.map(podsOf))).flat();
  const forwards = pods.map(({ namespace, pod }) => ["port-forward", `--namespace=${namespace}`, `pod/${pod}`, ":15000"]);
  return withPortForwards(forwards, (forwarded) =>
    use(forwarded.map((forward, index) => proxyOf({ namespace: "", pod: "", ...pods[index] }, forward))),
  );
}

/** The same with those of Istio's gateway, through which tests ask from outside. */
export function atGateway<T>(use: (proxies: Envoy[]) => Promise<T>): Promise<T> {
  return withProxies([nameOf(gatewayFacts.istio.account)], use);
}

async function podsOf(caller: string): Promise<{ readonly namespace: string; readonly pod: string }[]> {
  const { namespace, name } = accountOf(caller);
  const pods = (await listPods("", namespace)).filter(({ ready, account }) => ready && account === name);
  return pods.map(({ name: pod }) => ({ namespace, pod }));
}

function proxyOf(of: { readonly namespace: string; readonly pod: string }, { ask }: PortForward): Envoy {
  const routes = "/config_dump?resource=dynamic_route_configs";
  const literally = (text: string) => text.replace(/[.|]/g, "\\$&");
  return {
    ...of,
    // One field of all of it: so little that asking each few milliseconds costs the proxy nothing.
    routesTaken: () => ask(`${routes}&mask=last_updated`),
    async weights(destination) {
      const share = new RegExp(`"${literally(destination)}",\\s*"weight": (\\d+)`, "g");
      return [...(await ask(routes)).matchAll(share)].map(([, weight]) => Number(weight));
    },
    async ejectsAfter(destination) {
      const dump = await ask("/config_dump?resource=dynamic_active_clusters&mask=cluster.name,cluster.outlier_detection");
      const { configs } = JSON.parse(dump) as { readonly configs: readonly { readonly cluster: Cluster }[] };
      return configs.find(({ cluster }) => cluster.name === destination)?.cluster.outlier_detection?.consecutive_5xx;
    },
    async draining() {
      const counts = [...(await ask("/stats?filter=_draining$")).matchAll(/: (\d+)$/gm)].map(([, count]) => Number(count));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async ejected(destination) {
      const text = await ask("/clusters");
      const flag = new RegExp(`^${literally(destination)}::([^:]+):\\d+::health_flags::.*failed_outlier_check`, "gm");
      return [...text.matchAll(flag)].map(([, address]) => String(address));
    },
    async allocated() {
      return Number((JSON.parse(await ask("/memory")) as { readonly allocated: string }).allocated);
    },
    async counted(destination, counter) {
      const filter = `^cluster\\.${literally(destination)};?\\.${counter}$`;
      const [, value = "0"] = /: (\d+)/.exec(await ask(`/stats?filter=${encodeURIComponent(filter)}`)) ?? [];
      return Number(value);
    },
  };
}
