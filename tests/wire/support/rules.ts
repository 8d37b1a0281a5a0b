import type { PortForward } from "./portForwards.ts";

/** The part of a VirtualService that says who gets which share. */
interface VirtualService {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: { readonly http: readonly Rule[] };
}

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: object;
  readonly annotations?: object;
  readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
}

interface Rule {
  readonly route: readonly { readonly destination: { readonly subset: string }; readonly weight: number }[];
}

/** A VirtualService as the program declared it, for a test that writes it in the program's stead. */
export class WeightedRules {
  private constructor(
    private readonly api: PortForward,
    private readonly path: string,
    private readonly declared: VirtualService,
    private readonly manager: string,
  ) {}

  /** @param api - what `kubectl proxy` leads to. */
  static async read(api: PortForward, namespace: string, name: string): Promise<WeightedRules> {
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${name}`;
    const declared = JSON.parse(await api.ask(path)) as VirtualService;
    const owner = declared.metadata.managedFields?.find(({ operation }) => operation === "Apply");
    if (!owner) throw new Error(`nobody has applied ${namespace}/${name}`);
    return new WeightedRules(api, path, declared, owner.manager);
  }

  /** Gives a version so many percent of what is split by weight, and the other one the rest. Resolves with the API server's answer. */
  async weigh(version: string, weight: number): Promise<void> {
    const weighed = (route: Rule["route"]) =>
      route.map((share) => ({ ...share, weight: share.destination.subset === version ? weight : 100 - weight }));
    const http = this.declared.spec.http.map((rule) => (rule.route.length > 1 ? { ...rule, route: weighed(rule.route) } : rule));
    await this.write({ ...this.declared.spec, http });
  }

  /** Writes it as the program declared it. */
  async restore(): Promise<void> {
    await this.write(this.declared.spec);
  }

  /** As the program's own field manager, which then finds nothing that is somebody else's. */
  private async write(spec: VirtualService["spec"]): Promise<void> {
    const { apiVersion, kind, metadata } = this.declared;
    const { name, namespace, labels, annotations } = metadata;
    const body = JSON.stringify({ apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec });
    const query = `fieldManager=${encodeURIComponent(this.manager)}&force=true`;
    await this.api.ask(`${this.path}?${query}`, { method: "PATCH", type: "application/apply-patch+yaml", body });
  }
}
