import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { stateDir } from "../../../../lib/paths.ts";

/** A node as the fake podman knows it. */
export interface FakeNode {
  readonly name: string;
  readonly role?: "control-plane" | "worker";
  readonly running?: boolean;
  readonly owner?: string;
  readonly ready?: boolean;
  readonly ports?: readonly number[];
  /** The process that podman believes to be the node's. */
  readonly pid?: number;
  /** When the node's kubelet was last heard of. */
  readonly heard?: string;
  /** The kind cluster by its label; none for a container that is no node. */
  readonly cluster?: string;
}

/**
 * Programs of the same names as the real ones, on a PATH of their own, that keep containers as files and write down how
 * they were called. Docker is there without an engine, as on many machines.
 */
export class Fakes {
  readonly folder = mkdtempSync(join(tmpdir(), "fakes-"));
  /** A cluster of this name is nobody's. */
  readonly cluster = `unit-${process.pid}`;
  private readonly path = process.env.PATH;

  constructor() {
    for (const folder of ["bin", "nodes"]) mkdirSync(join(this.folder, folder));
    this.program("docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
    this.program("podman", podman);
    this.program("kind", kind);
    process.env.PATH = [join(this.folder, "bin"), "/usr/bin", "/bin"].join(delimiter);
    process.env.FAKES = this.folder;
  }

  /** Writes a program of our own in place of a real one. */
  program(name: string, script: string): void {
    const file = join(this.folder, "bin", name);
    writeFileSync(file, `#!/bin/bash\necho "${name} $*" >> "$FAKES/calls"\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** The script of a program, for one that does a little more or less. */
  script(name: string): string {
    return this.read(join("bin", name)).split("\n").slice(2).join("\n");
  }

  /** How the programs were called so far, but for questions that change nothing. */
  get calls(): string[] {
    const file = join(this.folder, "calls");
    if (!existsSync(file)) return [];
    const questions = /^(docker info|podman (version|ps|inspect|volume ls|network ls|exec \S+ (kubectl|sh|cat))|kind get)/;
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !questions.test(line));
  }

  /** What a program wrote into a file of the fakes. */
  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  node({
    name,
    role = "worker",
    running = true,
    owner = "",
    ready = true,
    ports = [],
    pid = 0,
    heard = "",
    cluster,
  }: FakeNode): void {
    const folder = join(this.folder, "nodes", name);
    mkdirSync(folder, { recursive: true });
    const bindings = Object.fromEntries(ports.map((port) => [`${port}/tcp`, [{ HostIp: "127.0.0.1", HostPort: String(port) }]]));
    const inspected = {
      Id: `id-of-${name}`,
      Name: name,
      Created: "2026-01-02T03:04:05Z",
      State: { Running: running, Pid: pid },
      Config: { Labels: { "io.x-k8s.kind.role": role, ...(cluster && { "io.x-k8s.kind.cluster": cluster }) } },
      Mounts: owner ? [{ Source: owner, Destination: "/etc/mesh-owner" }] : [],
      HostConfig: { PortBindings: bindings },
    };
    writeFileSync(join(folder, "inspect"), JSON.stringify(inspected));
    const status = { conditions: [{ type: "Ready", status: ready ? "True" : "False", message: "no network" }] };
    writeFileSync(join(folder, "kubernetes"), JSON.stringify({ metadata: { name }, status }));
    if (heard) writeFileSync(join(folder, "lease"), JSON.stringify({ metadata: { name }, spec: { renewTime: heard } }));
  }

  /** Says which images a node has. */
  images(node: string, ...references: string[]): void {
    writeFileSync(join(this.folder, "nodes", node, "images"), `${references.join("\n")}\n`);
  }

  /** Says what a node has of images, by digest. */
  content(node: string, ...digests: string[]): void {
    writeFileSync(join(this.folder, "nodes", node, "content"), `${digests.join("\n")}\n`);
  }

  /** Says which layers lie unpacked on a node, by their chain IDs. */
  unpacked(node: string, ...chains: string[]): void {
    const rows = chains.map((chain) => `${chain}  ${chains[0]}  Committed`);
    writeFileSync(join(this.folder, "nodes", node, "snapshots"), `${["KEY  PARENT  KIND", ...rows].join("\n")}\n`);
  }

  /** The archive that a node was given last; undefined when it was given none. */
  taken(node: string): string | undefined {
    const file = join(this.folder, "nodes", node, "taken.tar");
    return existsSync(file) ? file : undefined;
  }

  /** Makes a node refuse the next archive. */
  refuseImages(node: string): void {
    writeFileSync(join(this.folder, "nodes", node, "refuse"), "");
  }

  /** Puts back what was there before. */
  remove(): void {
    process.env.PATH = this.path;
    delete process.env.FAKES;
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(join(stateDir, "kind", this.cluster), { recursive: true, force: true });
  }
}

const podman = `
cd "$FAKES/nodes"
join() { local IFS=,; echo "$*"; }
case "$1 $2" in
  "ps --all"|"ps --format") ls ;;
  "inspect "*) shift 2; files=(); for node in "$@"; do files+=("$(<"$node/inspect")"); done; echo "[$(join "\${files[@]}")]" ;;
  "start "*) [ ! -e "$FAKES/refuse-$2" ] || { echo "no such mount" >&2; exit 125; }; sed -i 's/"Running":false/"Running":true/' "$2/inspect" ;;
  "exec --interactive")
    cat > "$3/taken.tar"
    [ ! -e "$3/refuse" ] || { rm "$3/refuse"; echo "content digest: not found" >&2; exit 1; } ;;
  "exec "*)
    case "$*" in
      *"get nodes"*) files=(); for node in *; do files+=("$(<"$node/kubernetes")"); done; echo "{\\"items\\":[$(join "\${files[@]}")]}" ;;
      *"cat /etc/kubernetes/admin.conf"*) cat "$2/admin.conf" ;;
      *"get pods"*) echo '{"items":[]}' ;;
      *"get leases"*) files=(); for lease in */lease; do [ ! -e "$lease" ] || files+=("$(<"$lease")"); done; echo "{\\"items\\":[$(join "\${files[@]}")]}" ;;
      *"images list"*"content list"*) cat "$2/images" 2>/dev/null; echo --; cat "$2/content" 2>/dev/null; echo --; cat "$2/snapshots" 2>/dev/null || true ;;
    esac ;;
  "rm --force") shift 3; rm -rf "$@" ;;
esac`;

const kind = `
case "$1 $2" in
  "create cluster")
    cat > "$FAKES/config"
    echo ' • Preparing nodes 📦 📦 📦   ...'
    [ ! -e "$FAKES/refuse-create" ] || { echo "ERROR: failed to create cluster: no space left" >&2; exit 1; }
    name=$(sed -n 's/^name: //p' "$FAKES/config")
    owner=$(sed -n 's/.*hostPath: //p' "$FAKES/config" | head -1)
    node() {
      mkdir -p "$FAKES/nodes/$1"
      echo '{"Id":"'$1'","Name":"'$1'","Created":"2026-01-02T03:04:05Z","State":{"Running":true},"Config":{"Labels":{"io.x-k8s.kind.role":"'$2'"}},"Mounts":[{"Source":"'$owner'","Destination":"/etc/mesh-owner"}],"HostConfig":{"PortBindings":{}}}' > "$FAKES/nodes/$1/inspect"
      echo '{"metadata":{"name":"'$1'"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}' > "$FAKES/nodes/$1/kubernetes"
    }
    node "$name-control-plane" control-plane; node "$name-worker" worker; node "$name-worker2" worker
    echo ' • Writing configuration 📜   ...' ;;
  "delete cluster") rm -rf "$FAKES"/nodes/* ;;
  "get kubeconfig") echo "kubeconfig of $4" ;;
esac`;
