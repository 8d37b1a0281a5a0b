import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type ControlPlane, freePorts } from "./controlPlane.ts";
import type { KongConfiguration } from "./kongConfiguration.ts";
import { type Program, startProgram } from "./program.ts";
import type { RecordingAdmin } from "./recordingAdmin.ts";
import { contractProgram } from "./tools.ts";

/** How long the configuration must stay as it is to count as all of it, in milliseconds: the controller pushes every second at most. */
const quiet = 4_000;

const pod = { name: "kong-kong", namespace: "kong" } as const;

/** As Pod Security demands of it; it does not run. */
const container = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const restricted = JSON.stringify({
  spec: {
    containers: [{ name: pod.name, image: "none", securityContext: container }],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  },
});

interface KubernetesEvent {
  readonly type: string;
  readonly source?: { readonly component?: string };
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly message: string;
}

/** The real Kong Ingress Controller, at work on an API server and pushing to an admin API. */
export class KongController {
  private constructor(
    private readonly program: Program,
    private readonly plane: ControlPlane,
    private readonly admin: RecordingAdmin,
    private readonly folder: string,
  ) {}

  /** @param env - as the chart sets it in the controller's container. */
  static async start(plane: ControlPlane, admin: RecordingAdmin, env: Readonly<Record<string, string>>): Promise<KongController> {
    const [health = 0] = await freePorts(1);
    const args = [
      ...[`--kubeconfig=${plane.kubeconfig}`, `--kong-admin-url=${admin.url}`, "--publish-status-address=127.0.0.1"],
      ...["--metrics-bind-address=0", `--health-probe-bind-address=127.0.0.1:${health}`, "--proxy-sync-seconds=1"],
    ];
    const folder = await mkdtemp(join(tmpdir(), "contract-kong-"));
    // It wants to know the pod it is.
    const options = { log: join(folder, "log"), env: { ...env, POD_NAME: pod.name, POD_NAMESPACE: pod.namespace } };
    await plane.must(["run", pod.name, `--namespace=${pod.namespace}`, "--image=none", `--overrides=${restricted}`]);
    const program = startProgram(contractProgram("kong-ingress-controller"), args, options);
    return new KongController(program, plane, admin, folder);
  }

  /**
   * Waits until the controller has nothing more to push.
   *
   * @throws Error with its last words when it does not come to that.
   */
  async settled(): Promise<KongConfiguration> {
    const end = Date.now() + 90_000;
    let known = "";
    for (let since = Date.now(); Date.now() - since < quiet; await pause(200)) {
      if (this.admin.refusals.length > 0) throw new Error(`Kong would refuse:\n${this.admin.refusals.join("\n")}`);
      if (!this.program.running || Date.now() > end) throw new Error(`Kong's controller:\n${await this.program.lastWords()}`);
      const now = JSON.stringify(this.admin.configuration ?? {});
      // Before its caches are filled it pushes a configuration without services.
      if (now !== known || !this.admin.configuration?.services) since = Date.now();
      known = now;
    }
    return this.admin.configuration ?? {};
  }

  /** What it said against objects: in its log, and in events beside them. */
  async complaints(): Promise<string[]> {
    const log = (await this.program.said()).split("\n").filter((line) => /\t(error|warn)\t/i.test(line));
    // The API server has events of its own.
    const args = ["get", "events", "--all-namespaces", "--output=json"];
    const { items } = JSON.parse(await this.plane.must(args)) as { items: readonly KubernetesEvent[] };
    const events = items
      .filter(({ type, source }) => type === "Warning" && source?.component === "kong-client")
      .map(({ involvedObject, message }) => `${involvedObject.kind} ${involvedObject.name}: ${message}`);
    return [...log, ...events];
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
