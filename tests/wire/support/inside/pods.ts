import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { execa } from "execa";
import { restrictedContainer, restrictedPod } from "../../../../components/support/restricted.ts";
import { accountOf } from "../../../lib/matrixRows.ts";
import { createObjects, eventually, kubectl, stackEnvironment } from "../../../lib/runningStack.ts";
import { type Answer, certificates, type Inside, type Order } from "./protocol.ts";

/** A pod to ask from. */
export interface Caller {
  /** Its account, and so its identity in the mesh, as `namespace/account`. */
  readonly account: string;
  /** Whether it has a proxy. @default true */
  readonly meshed?: boolean;
  /** Addresses of pods that it asks past its proxy. @default none */
  readonly past?: readonly string[];
}

/** What a pod can be told to do. */
export type Asker = Inside;

const label = "wire-probe";
/** Other than root, and than the user of a proxy, whose connections are not led through it. */
const user = 10_001;

/**
 * Starts pods, does something with what runs in them, and removes them. A pod has the account of its caller, but not its `app`
 * label: neither the scope of the caller's proxy, which would stop a request before anybody could refuse it, nor the caller's
 * Service takes it for one of them.
 *
 * @param use - gets the pods, in the order of the callers.
 */
export async function withCallers<T>(callers: readonly Caller[], use: (askers: Asker[]) => Promise<T>): Promise<T> {
  const image = await serviceImage();
  const pods = callers.map((caller) => pod(image, caller));
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace))];
  const remove = () =>
    Promise.all(
      namespaces.map((namespace) =>
        kubectl("delete", "pods,sidecars.networking.istio.io", `--namespace=${namespace}`, `--selector=${label}`, "--wait"),
      ),
    );
  await remove();
  const sessions: Session[] = [];
  try {
    await createObjects([...namespaces.map(unlimited), ...pods]);
    const names = pods.map(({ metadata }) => metadata);
    for (const { name, namespace } of names) {
      await kubectl("wait", `--namespace=${namespace}`, `pod/${name}`, "--for=condition=Ready", "--timeout=120s");
      sessions.push(await connect(namespace, name));
    }
    return await use(sessions.map(({ asker }) => asker));
  } finally {
    await Promise.all(sessions.map(({ end }) => end()));
    await remove();
  }
}

/** A namespace of a test's own, whose pods are not in the mesh, for as long as something is done. */
export async function withNamespace<T>(namespace: string, use: () => Promise<T>): Promise<T> {
  const remove = () => kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait");
  await remove();
  await createObjects([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { "istio-injection": "disabled" } } },
  ]);
  try {
    // A pod without its account is refused.
    await eventually("the namespace's account", 20, () =>
      kubectl("get", "serviceaccount", "default", `--namespace=${namespace}`),
    );
    return await use();
  } finally {
    await remove();
  }
}

interface Session {
  readonly asker: Asker;
  end(): Promise<void>;
}

async function connect(namespace: string, name: string): Promise<Session> {
  const args = ["exec", "--stdin", `--namespace=${namespace}`, name, "--container=probe", "--", "node", "--input-type=module"];
  const child = execa("kubectl", [...args, "--eval", program()], {
    env: await stackEnvironment(),
    stdin: "pipe",
    reject: false,
    all: true,
    buffer: false,
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (said + chunk.toString()).split("\n");
    said = lines.pop() ?? "";
    for (const line of lines) {
      const answer = JSON.parse(line) as Answer;
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    }
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let ended = false;
  const finished = child.then(() => {
    ended = true;
    for (const [id, tell] of waiting) tell({ id, error: `${namespace}/${name} answers no more: ${errors}` });
  });
  let last = 0;
  const order = (what: Order["what"], args: readonly unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (ended) return reject(new Error(`${namespace}/${name} answers no more: ${errors}`));
      const id = ++last;
      waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error))));
      child.stdin.write(`${JSON.stringify({ id, what, args } satisfies Order)}\n`);
    });
  const asker = new Proxy({} as Asker, {
    get: (_target, what) => (what === "then" ? undefined : (...args: unknown[]) => order(what as Order["what"], args)),
  });
  const end = async () => {
    child.stdin.end();
    await finished;
  };
  return { asker, end };
}

let bundled: string | undefined;

function program(): string {
  bundled ??= buildSync({
    entryPoints: [fileURLToPath(new URL("program.ts", import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    platform: "node",
    target: "node20",
    format: "esm",
    logLevel: "silent",
  }).outputFiles[0]?.text;
  if (bundled === undefined) throw new Error("esbuild has made no program");
  return bundled;
}

/** The product service's, which is on every node and holds a Node.js. */
export function serviceImage(): Promise<string> {
  const first = "--output=jsonpath={.items[0].spec.template.spec.containers[0].image}";
  return kubectl("get", "deployments", "--all-namespaces", "--selector=app=product", first);
}

/** Their proxies know everybody, whatever the scope of their namespace. */
function unlimited(namespace: string) {
  const spec = { workloadSelector: { labels: { [label]: "true" } }, egress: [{ hosts: ["*/*"] }] };
  const metadata = { name: label, namespace, labels: { [label]: "true" } };
  return { apiVersion: "networking.istio.io/v1", kind: "Sidecar", metadata, spec };
}

function pod(image: string, { account: of, meshed = true, past = [] }: Caller) {
  const { namespace, name: account } = accountOf(of);
  const mount = { name: "certificates", mountPath: certificates };
  const annotations = meshed && {
    "proxy.istio.io/config": JSON.stringify({ proxyMetadata: { OUTPUT_CERTS: certificates } }),
    "sidecar.istio.io/userVolumeMount": JSON.stringify([mount]),
    ...(past.length > 0 && { "traffic.sidecar.istio.io/excludeOutboundIPRanges": past.map((ip) => `${ip}/32`).join(",") }),
  };
  const labels = { [label]: "true", "sidecar.istio.io/inject": String(meshed) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${label}-${account}`, namespace, labels, ...(annotations && { annotations }) },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      securityContext: restrictedPod(user),
      volumes: [{ name: mount.name, emptyDir: { medium: "Memory" } }],
      containers: [
        {
          name: "probe",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "--eval", "setInterval(() => {}, 60_000)"],
          resources: { requests: { cpu: "10m", memory: "32Mi" } },
          securityContext: restrictedContainer,
          volumeMounts: [mount],
        },
      ],
    },
  };
}
