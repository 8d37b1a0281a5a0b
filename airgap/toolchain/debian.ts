import { existsSync } from "node:fs";
import process from "node:process";
import { UserError } from "../../lib/errors.ts";
import { attempt, CommandError, output } from "../../lib/process.ts";
import type { Progress } from "../../lib/progress.ts";
import type { Detail } from "../store/store.ts";
import { envoyBinary } from "./downloads.ts";

/** Debian packages the air gap runs on: podman and its network, and what builds the node's root file system. */
export const debianPackages = [
  "podman",
  "netavark",
  "aardvark-dns",
  "runc",
  "conntrack",
  "iproute2",
  "iptables",
  "mmdebstrap",
] as const;

/** Installs what is missing of {@link debianPackages}, and tells whether anything was. */
export async function ensureDebianPackages(progress: Progress): Promise<boolean> {
  const missing = await missingPackages();
  if (missing.length === 0) return false;
  if (process.getuid?.() !== 0) throw new UserError(`Debian packages are missing. As root, type: ${byHand(missing)}`);
  await progress.step(`Debian packages: ${missing.join(" ")}`, (detail) => installPackages(missing, detail));
  return true;
}

/**
 * Installs Debian packages, for which it takes root.
 *
 * @throws UserError with apt's own words, and what to type.
 */
export async function installPackages(names: readonly string[], detail: Detail = () => {}): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  try {
    // Until what a killed installation has begun is done, apt refuses every other. Where this cannot be, apt says why.
    await attempt("dpkg", ["--configure", "--pending"], { env });
    detail("reading the package lists");
    await output("apt-get", ["update", "--quiet"], { env });
    detail("installing");
    // A machine that has just started may be at its own updates.
    await output("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...install, ...names], { env });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new UserError(`Debian packages could not be installed. By hand: ${byHand(names)}\n${error.message}`);
  }
}

const install = ["install", "--yes", "--no-install-recommends"] as const;

const byHand = (names: readonly string[]) => ["apt-get", ...install, ...names].join(" ");

/** Which packages dpkg does not have as installed; pip's too, where it is still needed and python3 came without it. */
async function missingPackages(): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = "--showformat=${Package} ${db:Status-Status}\\n";
  const known = await output("dpkg-query", ["--show", format, ...debianPackages]).catch((error) => {
    if (error instanceof CommandError) return error.stdout; // it fails over one unknown package and lists the others
    throw error;
  });
  const installed = new Set(known.split("\n"));
  const missing: string[] = debianPackages.filter((name) => !installed.has(`${name} installed`));
  if (existsSync(envoyBinary())) return missing;
  const pip = await output("python3", ["-m", "pip", "--version"]).then(
    () => true,
    () => false,
  );
  return pip ? missing : [...missing, "python3-pip"];
}
