import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { installPackages } from "../../airgap/toolchain/debian.ts";
import { run } from "./runningStack.ts";

const executable = "/usr/bin/chromium";

/** Chromium looks for its maker's services at every start, which a closed network answers with nothing but delays. */
const quiet = ["disable-background-networking", "disable-component-update", "disable-sync", "disable-quic", "no-first-run"];

/**
 * Opens a page in a real browser and shows it to a test. Debian's Chromium is installed where it is missing.
 *
 * @param scheme - what the person's system prefers.
 */
export async function withPage<T>(
  use: (page: Page, context: BrowserContext) => Promise<T>,
  { width = 1200, height = 900, scheme = "light" }: { width?: number; height?: number; scheme?: "light" | "dark" } = {},
): Promise<T> {
  await ensureChromium();
  const profile = await mkdtemp(join(tmpdir(), "wire-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    headless: true,
    timeout: 120_000,
    // A container's root has no namespaces to build the browser's own sandbox from; the page is ours.
    args: ["--no-sandbox", "--disable-gpu", ...quiet.map((flag) => `--${flag}`)],
    viewport: { width, height },
    colorScheme: scheme,
  });
  try {
    return await use(context.pages()[0] ?? (await context.newPage()), context);
  } finally {
    await context.close();
    // Its processes may write a little longer than it takes to close it.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function ensureChromium(): Promise<void> {
  if ((await run(executable, ["--version"])).exitCode !== 0) await installPackages(["chromium"]);
}
