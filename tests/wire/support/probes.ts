import { kubectl, run, stackEnvironment } from "./stack.ts";

/** One request, or one connection where there is neither method nor path, sent as it is written. */
export interface Probe {
  readonly host: string;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** Asked again for some seconds while nobody answers: a proxy that has just started may not know everybody yet. */
  readonly patient: boolean;
}

/** What came back: a status, whether a database greeted, or why nothing came. */
export interface Seen {
  readonly status?: number;
  /** Whether it was a proxy that refused it, for want of a policy. */
  readonly denied?: boolean;
  readonly greeted?: boolean;
  readonly error?: string;
}

/** Runs in the pod. Sockets rather than a client of HTTP, which would tidy paths and methods up before it sends them. */
const script = `
  const net = require("node:net");
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  // PostgreSQL's question whether it speaks TLS, which it answers with one letter.
  const greeting = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  function ask({ host, port, method, path }) {
    return new Promise((resolve) => {
      const chunks = [];
      const socket = net.connect({ host, port }, () => socket.write(method === undefined
        ? greeting
        : method + " " + path + " HTTP/1.1\\r\\nhost: " + host + ":" + port + "\\r\\nconnection: close\\r\\ncontent-length: 0\\r\\n\\r\\n"));
      const end = (error) => {
        socket.destroy();
        const text = Buffer.concat(chunks).toString("latin1");
        if (method === undefined) return resolve({ greeted: /^[SN]/.test(text), error });
        const status = /^HTTP\\/1\\.1 (\\d{3})/.exec(text);
        resolve(status ? { status: Number(status[1]), denied: text.includes("RBAC: access denied") } : { error: error || "closed" });
      };
      socket.setTimeout(15000, () => end("no answer"));
      socket.on("data", (chunk) => { chunks.push(chunk); if (method === undefined) end(); });
      socket.on("error", (error) => end(error.code));
      socket.on("close", () => end());
    });
  }
  async function patiently(probe) {
    for (let tries = 1; ; tries++) {
      const seen = await ask(probe);
      const lost = seen.status === undefined ? !seen.greeted : seen.status === 503;
      if (!lost || !probe.patient || tries === 20) return seen;
      await sleep(500);
    }
  }
  (async () => {
    const probes = JSON.parse(process.env.PROBES);
    const seen = [];
    let next = 0;
    const work = async () => { for (let i = next++; i < probes.length; i = next++) seen[i] = await patiently(probes[i]); };
    await Promise.all(Array.from({ length: 8 }, work));
    console.log(JSON.stringify(seen));
  })();`;

const label = "wire-probe";

/**
 * Sends each caller's probes from a pod of its own that has the caller's account, and so its identity in the mesh. It has
 * not its `app` label: neither the scope of the caller's proxy, which would stop a request before anybody could refuse it,
 * nor the caller's Service takes it for one of them.
 *
 * @param asked - probes by caller, as `namespace/account`.
 * @returns what was seen, in the order of the probes.
 */
export async function sendProbes(asked: ReadonlyMap<string, readonly Probe[]>): Promise<Map<string, readonly Seen[]>> {
  const image = await serviceImage();
  const pods = [...asked].map(([caller, probes]) => pod(image, caller, probes));
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace))];
  const items = [...namespaces.map(unlimited), ...pods];
  const remove = () =>
    Promise.all(
      namespaces.map((namespace) =>
        kubectl("delete", "pods,sidecars.networking.istio.io", `--namespace=${namespace}`, `--selector=${label}`, "--wait"),
      ),
    );
  await remove();
  try {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const created = await run("kubectl", ["create", "--filename=-"], { env: await stackEnvironment(), input, stdin: "pipe" });
    if (created.exitCode !== 0) throw new Error(`no pods to ask from:\n${created.all}`);
    const seen = await Promise.all(pods.map(async ({ metadata }) => [await result(metadata), metadata] as const));
    return new Map(seen.map(([answers, { namespace, annotations }]) => [`${namespace}/${annotations.account}`, answers]));
  } finally {
    await remove();
  }
}

async function result({ name, namespace }: { readonly name: string; readonly namespace: string }): Promise<Seen[]> {
  const ended = "--for=jsonpath={.status.containerStatuses[?(@.name=='probe')].state.terminated}";
  await kubectl("wait", `--namespace=${namespace}`, `pod/${name}`, ended, "--timeout=180s");
  return JSON.parse(await kubectl("logs", `--namespace=${namespace}`, name, "--container=probe")) as Seen[];
}

/** The product service's, which is on every node and holds a Node.js. */
async function serviceImage(): Promise<string> {
  const first = "--output=jsonpath={.items[0].spec.template.spec.containers[0].image}";
  return kubectl("get", "deployments", "--all-namespaces", "--selector=app=product", first);
}

/** Their proxies know everybody, whatever the scope of their namespace. */
function unlimited(namespace: string) {
  const spec = { workloadSelector: { labels: { [label]: "true" } }, egress: [{ hosts: ["*/*"] }] };
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "Sidecar",
    metadata: { name: label, namespace, labels: { [label]: "true" } },
    spec,
  };
}

function pod(image: string, caller: string, probes: readonly Probe[]) {
  const [namespace = "", account = ""] = caller.split("/");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${label}-${account}`, namespace, labels: { [label]: "true" }, annotations: { account } },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "probe",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "-e", script],
          env: [{ name: "PROBES", value: JSON.stringify(probes) }],
          resources: { requests: { cpu: "10m", memory: "32Mi" } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}
