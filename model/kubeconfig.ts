import { parse } from "yaml";

/** The part of a kubeconfig that says where its clusters are. Credentials are none of the program's business. */
interface Kubeconfig {
  readonly contexts: readonly Named<"context", { readonly cluster?: string }>[];
  readonly clusters?: readonly Named<"cluster", { readonly server?: string }>[];
}

type Named<K extends string, T> = ({ readonly name?: string } & { readonly [key in K]?: T }) | null;

/** Names of a kubeconfig's contexts; nothing when the text is no kubeconfig. */
export function contextNames(text: string): string[] | undefined {
  return read(text)?.contexts.flatMap((one) => one?.name ?? []);
}

/** The URL of the API server that a context leads to; nothing when it leads nowhere. */
export function contextServer(text: string, context: string): string | undefined {
  const config = read(text);
  const cluster = config?.contexts.find((one) => one?.name === context)?.context?.cluster;
  return config?.clusters?.find((one) => one?.name === cluster)?.cluster?.server;
}

function read(text: string): Kubeconfig | undefined {
  try {
    const config = parse(text) as Kubeconfig | null;
    return Array.isArray(config?.contexts) ? config : undefined;
  } catch {
    return undefined;
  }
}
