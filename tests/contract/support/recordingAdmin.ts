import { createServer, type Server } from "node:http";
import type { KongConfiguration } from "./kongConfiguration.ts";
import { pluginProblems } from "./pluginSchemas.ts";

/**
 * A stand-in for the admin API of a Kong without a database: it answers what the ingress controller asks for and keeps the
 * configuration that the controller pushes. Of that it judges the fields of plugins alone, where Kong would judge everything.
 */
export class RecordingAdmin {
  private pushed: KongConfiguration | undefined;
  /** What it said against what it did not take. */
  readonly refusals: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param version - that it says it is of. */
  static start(version: string): Promise<RecordingAdmin> {
    return new Promise((resolve, reject) => {
      const server = createServer((request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => {
          body += part.toString();
        });
        request.on("end", () => {
          const { status, answer } = admin.answer(request.method ?? "", request.url ?? "", body, version);
          response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
        });
      });
      let admin: RecordingAdmin;
      server.on("error", reject).listen(0, "127.0.0.1", () => {
        admin = new RecordingAdmin(server, `http://127.0.0.1:${(server.address() as { port: number }).port}`);
        resolve(admin);
      });
    });
  }

  /** What the controller pushed last; undefined before the first time. */
  get configuration(): KongConfiguration | undefined {
    return this.pushed;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((closed) => this.server.close(() => closed()));
  }

  private answer(method: string, url: string, body: string, version: string): { status: number; answer: unknown } {
    const [path = ""] = url.split("?");
    const route = `${method} ${path}`;
    if (route === "GET /") return { status: 200, answer: root(version) };
    if (route === "GET /status") return { status: 200, answer: { configuration_hash: this.pushed ? pushedHash : emptyHash } };
    if (route === "POST /config") {
      const configuration = JSON.parse(body) as KongConfiguration;
      const problems = pluginProblems(configuration);
      this.refusals.push(...problems);
      if (problems.length > 0) return { status: 400, answer: { code: 14, message: problems.join("; ") } };
      this.pushed = configuration;
      return { status: 201, answer: configuration };
    }
    // Without fields there are no defaults to fill in: what is pushed is what the objects say.
    if (route.startsWith("GET /schemas/plugins/")) return { status: 200, answer: { fields: [noFields] } };
    // What there is of a kind, which the controller wants to know to fall back to.
    if (method === "GET") return { status: 200, answer: { data: [], next: null } };
    return { status: 404, answer: { message: `${route} is not recorded` } };
  }
}

/** What Kong says of itself, as far as the controller reads it. The router is the one that the chart chooses. */
function root(version: string) {
  return { version, hostname: "recording", configuration: { database: "off", router_flavor: "traditional" } };
}

const noFields = { config: { type: "record", fields: [] } };
const emptyHash = "0".repeat(32);
const pushedHash = "f".repeat(32);
