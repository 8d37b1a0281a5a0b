import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { cacheDir } from "../../lib/paths.ts";
import { CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import { keyOf } from "../inputs.ts";
import { pins } from "../pins.ts";
import { ensureFolder } from "../store/store.ts";

/** What nodes and images need of Debian, beside what is essential to it. */
const packages = [
  "ca-certificates",
  "conntrack",
  "containerd",
  "containernetworking-plugins",
  "iproute2",
  "iptables",
  "kmod",
  "libstdc++6",
  "runc",
  "systemd",
  "systemd-sysv",
];

/** What no container reads. */
const excluded = ["doc", "man", "locale", "info", "lintian", "bash-completion"];

/** Settings of the machine's apt that say how to reach a mirror; the rest of them is about the machine itself. */
const mirrorSetting = /^Acquire::(https?|Check-|Retries|ForceIPv)/i;

/**
 * A Debian root file system with what nodes and images need, from the mirrors this machine uses.
 *
 * @returns its folder. Files in it have their owners and modes, so only root can make it.
 */
export function ensureDebianRoot(progress: Progress): Promise<string> {
  return ensureRoot("Debian root file system", ["--variant=essential", `--include=${packages.join(",")}`], progress);
}

/**
 * Debian's PostgreSQL and all it depends on, unpacked and not set up: nothing of it runs but to be looked at.
 *
 * @returns its folder, as a root file system.
 */
export function ensurePostgresqlRoot(progress: Progress): Promise<string> {
  const merged = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr";
  const include = ["coreutils", "dash", "libc-bin", `postgresql-${pins.postgresql}`].join(",");
  return ensureRoot(`Debian's PostgreSQL ${pins.postgresql}`, ["--variant=extract", merged, `--include=${include}`], progress);
}

async function ensureRoot(title: string, kind: readonly string[], progress: Progress): Promise<string> {
  const folder = join(cacheDir, "debian", keyOf(["airgap/images/debianRoot.ts"], ...kind));
  await ensureFolder(folder, title, progress, async (temporary, detail) => {
    const options = [
      "--mode=root",
      ...kind,
      "--aptopt=Apt::Install-Recommends false",
      ...(await mirrorSettings()).map((setting) => `--aptopt=${setting}`),
      ...excluded.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    ];
    await output("mmdebstrap", [...options, await codename(), join(temporary, "root"), "-"], {
      env: { SOURCE_DATE_EPOCH: "0" },
      input: await sources(),
      onLine: (line) => detail(line.replace(/^I: /, "")),
    }).catch((error) => {
      if (!(error instanceof CommandError)) throw error;
      throw new UserError(`${title} could not be fetched from Debian. Run the same command again.\n${error.message}`);
    });
  });
  return join(folder, "root");
}

/** The package sources of this machine that are Debian's, whichever way they are written down; other vendors' have no part. */
async function sources(): Promise<string> {
  const list = () =>
    output("apt-get", ["indextargets", "--format", "$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]);
  let targets = await list();
  if (!targets.includes("Debian|")) {
    await output("apt-get", ["update", "--quiet"]);
    targets = await list();
  }
  const lines = targets.split("\n").flatMap((line) => (line.startsWith("Debian|") ? [line.slice("Debian|".length)] : []));
  if (lines.length === 0) throw new UserError("apt knows no Debian mirror: /etc/apt/sources.list.d names none that answers.");
  return `${[...new Set(lines)].join("\n")}\n`;
}

async function mirrorSettings(): Promise<string[]> {
  const dump = await output("apt-config", ["dump", "Acquire"]);
  return dump.split("\n").filter((line) => mirrorSetting.test(line) && !/ "";$/.test(line));
}

async function codename(): Promise<string> {
  const name = /^VERSION_CODENAME=(\w+)/m.exec(await readFile("/etc/os-release", "utf8"))?.[1];
  if (!name) throw new Error("/etc/os-release has no VERSION_CODENAME");
  return name;
}
