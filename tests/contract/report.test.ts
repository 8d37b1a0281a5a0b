import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AxeResults } from "../../report/packages.ts";
import { writeReport } from "../../report/report.ts";
import { withPage } from "../lib/browser.ts";
import { records } from "../lib/records.ts";

/*
 * The report in a real browser, without a network: what a person sees of it, and what axe has against it.
 */

const file = join(tmpdir(), `report-${process.pid}`, "index.html");
const address = pathToFileURL(file).href;
const { resolve } = createRequire(new URL("../../report/package.json", import.meta.url));

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

interface Layout {
  /** Of the page, in pixels. */
  readonly wide: number;
  readonly figures: number;
  /** Figures without a picture, by their names. */
  readonly blank: readonly string[];
  /** Words beyond the edge of their picture. */
  readonly outside: readonly string[];
  /** Pairs of words of which one lies on the other. */
  readonly overlapping: readonly string[];
}

/** Looks at the page from within. */
const layout = `(() => {
  const pictures = [...document.querySelectorAll("svg[role=img]")].filter((one) => one.checkVisibility());
  const wordsOf = (picture) =>
    [...picture.querySelectorAll("text")]
      .filter(({ textContent }) => textContent.trim() !== "")
      .map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }));
  const isBeyond = (frame, box) =>
    box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  const isOn = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  return {
    wide: document.documentElement.scrollWidth,
    figures: document.querySelectorAll("figure").length,
    blank: [...document.querySelectorAll("figure")]
      .filter((figure) => !pictures.some((picture) => figure.contains(picture)))
      .map((figure) => figure.querySelector("h3").textContent),
    outside: pictures.flatMap((picture) =>
      wordsOf(picture).filter(({ box }) => isBeyond(picture.getBoundingClientRect(), box)).map(({ text }) => text)),
    overlapping: pictures.flatMap((picture) => {
      const words = wordsOf(picture);
      return words.flatMap((one, index) =>
        words.slice(index + 1).filter(({ box }) => isOn(one.box, box)).map(({ text }) => one.text + " on " + text));
    }),
  };
})()`;

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

  test("every picture is there, and no wider than the page; no word leaves it or lies on another", async () => {
    await onReport(look, async (page) => {
      const { wide, figures, blank, outside, overlapping } = await page.evaluate<Layout>(layout);
      expect(figures).toBeGreaterThanOrEqual(12);
      expect(blank).toEqual([]);
      expect(outside).toEqual([]);
      expect(overlapping).toEqual([]);
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
