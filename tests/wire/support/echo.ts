import { request } from "node:http";
import { serviceHost } from "../../../model/names.ts";
import { createObjects, kubectl, kubeGet } from "../../lib/runningStack.ts";
import { type Answer, exchange } from "./exchange.ts";
import { serviceImage } from "./inside/pods.ts";
import { everywhere, gatewayUrl } from "./product.ts";

/** A service of a test's own behind Istio's gateway, which tells what reached it. */
export interface Echo {
  /** Asks it through the gateway, from outside. Query: `delay=<ms>`, `status=<code>`, `read`, with which
   * it reads the body first and says how long it was in `x-received`. It takes WebSockets, on which it sends back what it gets. */
  ask(query?: string, headers?: Readonly<Record<string, string>>): Promise<Echoed>;
  /** How many requests with this value of `x-key` have reached it. */
  reached(key: string): Promise<number>;
}

export interface Echoed {
  readonly status: number;
  readonly ms: number;
  /** What reached it with the request; empty where another one answered. */
  readonly headers: Readonly<Record<string, string>>;
}

const namespace = "wire-echo";
/** Under which the gateway leads to it, with every path. */
export const echoHost = "echo.example.com";
const name = "echo";
/** What its route says, which no request may say otherwise. */
export const route = { timeoutMs: 1_500, tries: 2 } as const;

const program = `
  const reached = new Map();
  // No connection is closed for being idle, just as a proxy sends a request on it.
  require("node:http").createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const { searchParams, pathname } = new URL("http://echo" + request.url);
    const key = request.headers["x-key"] ?? "";
    if (pathname === "/reached") return response.end(String(reached.get(key) ?? 0));
    reached.set(key, (reached.get(key) ?? 0) + 1);
    response.statusCode = Number(searchParams.get("status") ?? 200);
    const answer = () => setTimeout(() => response.end(JSON.stringify(request.headers)), Number(searchParams.get("delay") ?? 0));
    if (!searchParams.has("read")) return answer();
    let bytes = 0;
    request.on("data", ({ length }) => { bytes += length; }).on("end", () => {
      response.setHeader("x-received", bytes);
      answer();
    });
  }).on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n");
    socket.on("error", () => {}).pipe(socket);
  }).listen(8080);`;

/** Makes the service, does something with it, and removes it. */
export async function withEcho<T>(use: (echo: Echo) => Promise<T>): Promise<T> {
  await remove();
  try {
    await createObjects(await objects());
    await kubectl("rollout", "status", "deployment", name, `--namespace=${namespace}`, "--timeout=120s");
    await everywhere("an answer of the service", async () => {
      const { status } = await ask();
      if (status !== 200) throw new Error(`status ${status}`);
    });
    return await use({
      ask,
      reached: async (key) => Number((await send("/reached", { "x-key": key })).body),
    });
  } finally {
    await remove();
  }
}

async function remove(): Promise<void> {
  await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait");
  await kubectl("delete", "networkpolicy", name, "--namespace=istio-ingress", "--ignore-not-found");
}

async function ask(query = "", headers: Readonly<Record<string, string>> = {}): Promise<Echoed> {
  const started = performance.now();
  const { status, body } = await send(`/?${query}`, headers);
  const ms = performance.now() - started;
  return { status, ms, headers: body.startsWith("{") ? (JSON.parse(body) as Echoed["headers"]) : {} };
}

function send(path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  const options = { headers: { host: echoHost, ...headers }, agent: false, timeout: 20_000 };
  return exchange((answered) => request(`${gatewayUrl()}${path}`, options, answered));
}

async function objects(): Promise<object[]> {
  const product = await kubeGet<{ metadata: { labels: Readonly<Record<string, string>> } }>("namespace", "product");
  const inMesh = Object.entries(product.metadata.labels).filter(([key]) => key === "istio-injection" || key === "istio.io/rev");
  const image = await serviceImage();
  const labels = { app: name };
  const metadata = { name, namespace };
  const containers = [{ name, image, command: ["node", "--eval", program], ports: [{ containerPort: 8080 }] }];
  const spec = { terminationGracePeriodSeconds: 1, containers };
  const way = { destination: { host: serviceHost({ name, namespace }) } };
  const retries = { attempts: route.tries - 1, perTryTimeout: `${route.timeoutMs}ms`, retryOn: "5xx" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: Object.fromEntries(inMesh) } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ name: "http", port: 8080, appProtocol: "http" }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata,
      spec: {
        hosts: [echoHost],
        gateways: ["istio-ingress/public"],
        http: [{ route: [way], timeout: `${route.timeoutMs}ms`, retries }],
      },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace: "istio-ingress" },
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }] }],
      },
    },
  ];
}
