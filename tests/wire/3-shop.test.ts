import { mkdir } from "node:fs/promises";
import { beforeAll, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { withPage } from "../lib/browser.ts";
import { eventually, haveUp, kubectl, kubeGet, make, pulumi, saw } from "../lib/runningStack.ts";
import { gatewayUrl } from "./support/product.ts";
import { withConfigSet } from "./support/settings.ts";

/** Where pictures of the page go: beside other results, in no commit. */
const pictures = ".state/pictures";

interface Deployments {
  readonly items: { metadata: { name: string }; spec: { replicas: number } }[];
}

beforeAll(async () => {
  await haveUp();
  await mkdir(pictures, { recursive: true });
});

test("in a browser a person sees the products, and who answered", async () => {
  await withPage(async (page) => {
    const complaints = collectComplaints(page);
    const response = await page.goto(gatewayUrl());
    expect(response?.status()).toBe(200);
    expect(response?.headers().server).toBe("istio-envoy");
    const names = await page.locator("#products h3").allTextContents();
    expect(names).toContain("Espresso cup");
    const hops = await page.locator("#answered .hop h3").allTextContents();
    saw(`${names.length} products; ${hops.map((hop) => hop.replace(/\s+/g, " ")).join(" → ")}`);
    expect(hops).toEqual([
      expect.stringMatching(/Frontend v1/),
      expect.stringMatching(/Backend v1/),
      expect.stringMatching(/PostgreSQL \d+/),
      expect.stringMatching(/Recommendations v[12]/),
    ]);
    expect(await page.locator("#recommended p").textContent()).toMatch(/^(Teapot, Kettle|Milk jug, Filter cone)/);
    // A stream, through the gateway, that tells it.
    await page.getByText(/this page open, as prod-backend-v1-\S+ sees it/).waitFor({ timeout: 10_000 });
    expect(complaints).toEqual([]);
    await page.screenshot({ path: `${pictures}/shop.png`, fullPage: true });
  });
});

test("on the page a person watches the canary: by weight, and by the header", async () => {
  await withPage(async (page) => {
    await page.goto(gatewayUrl());
    await page.getByLabel("Requests of each kind").selectOption("200");
    await page.getByRole("button", { name: "Ask /api/products" }).click();
    await page.getByRole("status").filter({ hasText: "200 times v2" }).waitFor({ timeout: 30_000 });
    const shares = async (list: string) => page.locator(`#${list} output`).allTextContents();
    saw(`without the header: ${await shares("without")}; with it: ${await shares("canary")}`);
    expect(await shares("canary")).toEqual(["100 %, 200 of 200"]);
    expect(await page.locator("#without .bar span").allTextContents()).toEqual(["v1", "v2"]);
    await page.screenshot({ path: `${pictures}/canary.png`, fullPage: true });
  });
});

test("the page is there without JavaScript, and on a telephone in the dark", async () => {
  await withPage(
    async (page) => {
      await page.route("**/*", (route) => (route.request().resourceType() === "script" ? route.abort() : route.continue()));
      await page.goto(gatewayUrl());
      expect(await page.locator("#products h3").count()).toBeGreaterThan(3);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect(width).toBeLessThanOrEqual(390);
      await page.screenshot({ path: `${pictures}/phone.png`, fullPage: true });
    },
    { width: 390, height: 844, scheme: "dark" },
  );
});

test("when the backend fails, the page says so, and comes back with it", async () => {
  const { items } = await kubeGet<Deployments>("deployments", "--namespace=prod", "--selector=app=backend");
  const scale = async (to?: number) => {
    for (const { metadata, spec } of items) {
      await kubectl("scale", "--namespace=prod", `deployment/${metadata.name}`, `--replicas=${to ?? spec.replicas}`);
    }
  };
  try {
    await scale(0);
    await withPage(async (page) => {
      const told = await eventually("the error on the page", 60, async () => {
        await page.goto(gatewayUrl());
        const told = await page.getByRole("alert").textContent({ timeout: 500 });
        expect(told).toMatch(/The backend answered 503/);
        return told;
      });
      saw(String(told).replace(/\s+/g, " ").slice(0, 120));
      await page.screenshot({ path: `${pictures}/failing.png`, fullPage: true });
    });
  } finally {
    await scale();
  }
  for (const { metadata } of items) await kubectl("rollout", "status", "--namespace=prod", `deployment/${metadata.name}`);
  await withPage(async (page) => {
    await eventually("the products again", 60, async () => {
      await page.goto(gatewayUrl());
      expect(await page.getByRole("alert").count()).toBe(0);
      expect(await page.locator("#products h3").count()).toBeGreaterThan(3);
    });
  });
});

test("a size that the database's volume cannot have is refused, and the database and its data stay", async () => {
  const before = await readDatabase();
  await withConfigSet({ "mesh:apps.prod.database.storage": "3Gi" }, async () => {
    const refused = await make("up");
    saw(refused.all.trim().split("\n").slice(-2).join("\n         "));
    expect(refused.exitCode).not.toBe(0);
    expect(refused.all).toMatch(/mesh:apps\.prod\.database\.storage is 3Gi, and the volume of prod\/database has 1Gi/);
    expect(await readDatabase()).toEqual(before);
    // By itself pulumi asks nobody beforehand: another setting that fails stops it before or after the volume.
    await pulumi("config", "set", "--path", "mesh:apps.prod.backend.resilience.retries.on", "5xx,499");
    expect((await pulumi("up", "--yes", "--skip-preview")).exitCode).not.toBe(0);
    expect(await readDatabase()).toEqual(before);
  });
  // Both are put back, and `make up` has ended well.
  expect(await readDatabase()).toEqual(before);
  await withPage(async (page) => {
    await page.goto(gatewayUrl());
    expect(await page.locator("#products h3").allTextContents()).toContain("Espresso cup");
  });
});

interface Identified {
  readonly metadata: { readonly uid: string };
}

/** Tells the database, its volume and its pod from others of the same names. */
async function readDatabase(): Promise<object> {
  const [set, claim, pod] = await Promise.all(
    ["statefulset/database", "persistentvolumeclaim/data-database-0", "pod/database-0"].map((name) =>
      kubeGet<Identified>(name, "--namespace=prod"),
    ),
  );
  return { set: set?.metadata.uid, claim: claim?.metadata.uid, pod: pod?.metadata.uid };
}

/** What the browser's console complains about, such as a policy that the page itself breaks. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}
