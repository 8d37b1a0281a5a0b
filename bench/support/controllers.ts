import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";

/*
 * A fake: what stands in for every controller, scheduler and kubelet of a cluster that is an API server alone. Whatever is
 * waited for counts as ready as soon as it is stored, without a pod behind it.
 */

interface Stored {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation?: number };
  readonly spec: { readonly replicas?: number; readonly selector?: unknown };
}

/** Where the API server keeps a kind of object. */
const watched = ["/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets", "/api/v1/services"] as const;

/** Says of workloads that their pods are ready, and of Services that there is one behind them, until it is stopped. */
export class FakeControllers {
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  private stopped = false;

  private constructor(
    private readonly server: string,
    private readonly token: string,
    private readonly failed: (error: Error) => void,
  ) {}

  /**
   * @param kubeconfig - file of an administrator's, as JSON, with a token.
   * @param failed - gets what keeps it from its work.
   */
  static async start(kubeconfig: string, failed: (error: Error) => void): Promise<FakeControllers> {
    const { clusters, users } = JSON.parse(await readFile(kubeconfig, "utf8")) as {
      readonly clusters: readonly [{ readonly cluster: { readonly server: string } }];
      readonly users: readonly [{ readonly user: { readonly token: string } }];
    };
    const controllers = new FakeControllers(clusters[0].cluster.server, users[0].user.token, failed);
    await Promise.all(watched.map((path) => controllers.watch(path)));
    return controllers;
  }

  stop(): void {
    this.stopped = true;
    this.agent.destroy();
  }

  /** Resolves when it watches. */
  private async watch(path: string): Promise<void> {
    const response = await this.send("GET", `${path}?watch=true`);
    const lines = createInterface({ input: response });
    lines.on("error", (error) => this.fail(error));
    lines.on("line", (line) => {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Stored };
      if (type === "ADDED" || type === "MODIFIED") this.makeReady(path, object).catch((error) => this.fail(error));
    });
    lines.once("close", () => this.fail(new Error(`the API server ended the watch of ${path}`)));
  }

  private fail(error: Error): void {
    if (!this.stopped) this.failed(error);
  }

  private async makeReady(collection: string, object: Stored): Promise<void> {
    const { name, namespace, generation } = object.metadata;
    if (collection.endsWith("/services")) {
      if (!object.spec.selector) return;
      await this.write("POST", `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, sliceOf(name, namespace));
      return;
    }
    const [group, kind] = [collection.slice(0, collection.lastIndexOf("/")), collection.slice(collection.lastIndexOf("/"))];
    const status = statusOf(object.spec.replicas ?? 1, generation);
    await this.write("PATCH", `${group}/namespaces/${namespace}${kind}/${name}/status`, { status });
  }

  /** Writes once; that the object is there already, or gone again, is fine. */
  private async write(method: "POST" | "PATCH", path: string, body: object): Promise<void> {
    const response = await this.send(method, path, body);
    const status = response.resume().statusCode ?? 0;
    if (status >= 400 && status !== 404 && status !== 409) throw new Error(`${method} ${path}: ${status}`);
  }

  private send(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { authorization: `Bearer ${this.token}`, "content-type": type };
    return new Promise((resolve, reject) => {
      request(`${this.server}${path}`, { method, headers, agent: this.agent }, resolve)
        .once("error", reject)
        .end(body && JSON.stringify(body));
    });
  }
}

/** Of a Deployment or a StatefulSet. Writing the same again changes nothing, and so ends the watching of it. */
function statusOf(replicas: number, observedGeneration = 1) {
  const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas };
  const conditions = [
    { type: "Available", status: "True", reason: "Fake" },
    { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" },
  ];
  return { observedGeneration, ...counts, conditions };
}

function sliceOf(service: string, namespace: string) {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: service, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    // Of the addresses that are for documents.
    endpoints: [{ addresses: ["192.0.2.1"], conditions: { ready: true } }],
    ports: [],
  };
}
