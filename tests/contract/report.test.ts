import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { writeReport } from "../report/report.ts";
import { records } from "../support/records.ts";
import { withPage } from "../wire/support/browser.ts";

/*
 * The report in a real browser, without a network: what a person sees of it, and what axe has against it.
 */

const file = join(tmpdir(), `report-${process.pid}`, "index.html");
const address = pathToFileURL(file).href;
const { resolve } = createRequire(import.meta.url);

let axe: string;

beforeAll(async () => {
  await writeReport(records, file);
  axe = await readFile(resolve("axe-core/axe.min.js"), "utf8");
});

afterAll(() => rm(join(file, ".."), { recursive: true, force: true }));

type Look = NonNullable<Parameters<typeof withPage>[1]> & { readonly media?: "screen" | "print" };

/** Opens the report with no network, and fails on whatever the browser complains of or asks for beside the file. */
async function onReport<T>(look: Look, use: (page: Page) => Promise<T>): Promise<T> {
  return withPage(async (page, context) => {
    const unwanted: string[] = [];
    page.on("console", (message) => unwanted.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => unwanted.push(String(error)));
    page.on("request", (request) => request.url() !== address && unwanted.push(request.url()));
    await context.setOffline(true);
    await page.emulateMedia({ media: look.media ?? "screen" });
    await page.goto(address);
    const result = await use(page);
    expect(unwanted).toEqual([]);
    return result;
  }, look);
}

const looks: [string, Look][] = [
  ["in light", {}],
  ["in the dark", { scheme: "dark" }],
  ["on a telephone", { width: 390, height: 844 }],
  ["on a telephone in the dark", { width: 390, height: 844, scheme: "dark" }],
  ["on paper", { width: 720, media: "print" }],
];

describe.each(looks)("%s", (_name, look) => {
  test("axe finds nothing, with every table unfolded", async () => {
    await onReport(look, async (page) => {
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate<AxeResults>("axe.run(document)");
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(["color-contrast", "svg-img-alt", "document-title"]));
    });
  });

  test("nothing is wider than the page, and no picture smaller than what it says", async () => {
    await onReport(look, async (page) => {
      const { wide, tight, seen } = await page.evaluate<{ wide: number; tight: string[]; seen: number }>(`(() => {
        const pictures = [...document.querySelectorAll("svg[role=img]")].filter((one) => one.getBoundingClientRect().width > 0);
        const outside = (picture) => {
          const frame = picture.getBoundingClientRect();
          const beyond = ({ left, right, top, bottom }) =>
            left < frame.left - 1 || right > frame.right + 1 || top < frame.top - 1 || bottom > frame.bottom + 1;
          return [...picture.querySelectorAll("text")].filter((text) => beyond(text.getBoundingClientRect()));
        };
        return {
          wide: document.documentElement.scrollWidth,
          tight: pictures.flatMap(outside).map((text) => text.textContent),
          seen: pictures.length,
        };
      })()`);
      expect(seen).toBeGreaterThanOrEqual(12);
      expect(tight).toEqual([]);
      expect(wide).toBeLessThanOrEqual(look.width ?? 1_200);
    });
  });
});

test("paper shows the tables, as nobody can unfold them there", async () => {
  const visible = async (media: "screen" | "print") =>
    onReport({ width: 720, media }, (page) =>
      page.evaluate<boolean[]>("[...document.querySelectorAll('details table')].map((one) => one.checkVisibility())"),
    );
  expect(await visible("screen")).not.toContain(true);
  expect(await visible("print")).not.toContain(false);
});

test("colours follow the person's system, and paper is always white", async () => {
  const background = (look: Look) =>
    onReport(look, (page) => page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor"));
  expect(await background({})).toBe("rgb(255, 255, 255)");
  expect(await background({ scheme: "dark" })).toBe("rgb(20, 23, 26)");
  expect(await background({ scheme: "dark", media: "print" })).toBe("rgb(255, 255, 255)");
});
