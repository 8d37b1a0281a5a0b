import { createServer } from "node:net";
import { UserError } from "../../lib/errors.ts";
import { projectDir } from "../../lib/paths.ts";
import { listenerOn } from "../support/listeners.ts";
import { makeFor } from "../support/make.ts";
import { stackOfCluster } from "../support/stack.ts";
import { checkoutOf } from "./owner.ts";
import { listPortHolders, type PortHolder, type Runtime } from "./runtime.ts";

const otherPort = "or give the stack another port: mesh:cluster.ports.";

/**
 * One sentence for each port of the loopback address that somebody else has, with who that is.
 *
 * @param runtime - whose containers may have it; none where nothing could run any.
 */
export async function takenPorts(ports: readonly number[], runtime?: Runtime): Promise<string[]> {
  const taken: number[] = [];
  for (const port of ports) if (!(await isFree(port))) taken.push(port);
  // What watches a container has its ports: that process is nobody's to stop. Podman may not be installed yet.
  const holders = taken.length > 0 && runtime ? await listPortHolders(runtime).catch(() => []) : [];
  return Promise.all(
    taken.map(async (port) => {
      const holder = holders.find(({ hostPorts }) => hostPorts.includes(port));
      const [who, how] = holder && runtime ? ofContainer(holder, runtime) : await ofProcess(port);
      return `Port ${port} is taken by ${who}. ${how}, ${otherPort}`;
    }),
  );
}

export async function requireFreePorts(ports: readonly number[], runtime: Runtime): Promise<void> {
  const problems = await takenPorts(ports, runtime);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
}

/** Who it is, and how to end it. */
type Named = readonly [who: string, how: string];

function ofContainer({ name, cluster, owner }: PortHolder, runtime: Runtime): Named {
  if (cluster === undefined) return [`${runtime.name}'s container ${name}`, `Stop it (${runtime.name} stop ${name})`];
  const checkout = checkoutOf(cluster, owner);
  if (checkout === projectDir) {
    const stack = stackOfCluster(cluster);
    const down = stack === undefined ? "make down" : makeFor(stack, "down");
    return [`the kind cluster ${cluster} of this checkout${stack ? ` (stack ${stack})` : ""}`, `Take it down (${down})`];
  }
  if (checkout) return [`the kind cluster ${cluster} of the checkout ${checkout}`, "Take it down there (make down)"];
  const remove = `KIND_EXPERIMENTAL_PROVIDER=${runtime.name} kind delete cluster --name ${cluster}`;
  return [`the kind cluster ${cluster}, which no checkout of this project made`, `Take it down (${remove})`];
}

async function ofProcess(port: number): Promise<Named> {
  const holder = await listenerOn(port);
  const who = holder ? `${holder.name} (process ${holder.pid}: ${holder.command})` : "a process that cannot be seen from here";
  return [who, "Stop it"];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      // A port that only root may have is the container engine's to ask for, which runs as root.
      .once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"))
      .listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
