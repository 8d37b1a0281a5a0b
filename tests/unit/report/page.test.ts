import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { LastRecords } from "../../../report/headlines.ts";
import { parseHTML } from "../../../report/packages.ts";
import { makers, page } from "../../../report/page.ts";
import { drawable, writeReport } from "../../../report/report.ts";
import { sections, topics } from "../../../report/sections/index.ts";
import { records } from "../../lib/records.ts";

let text: string;
let document: ReturnType<typeof parseHTML>["document"];

beforeAll(async () => {
  text = await page(records);
  document = parseHTML(text).document;
});

describe("the page", () => {
  test("needs nothing from elsewhere, and forbids it", () => {
    expect(text.match(/(src|href|action|data|poster)\s*=\s*["']?\s*(https?:)?\/\/.*/gi) ?? []).toEqual([]);
    expect(text.match(/(url\(\s*["']?(?!#)|@import|<script|<link|<img|<iframe|<object).*/gi) ?? []).toEqual([]);
    for (const link of document.querySelectorAll("[href]")) expect(link.getAttribute("href")).toMatch(/^#/);
    expect(document.querySelector("meta[http-equiv]")?.getAttribute("content")).toContain("default-src 'none'");
  });

  test("has each topic once, with its date and the command that makes it again", () => {
    for (const topic of topics) {
      const section = document.getElementById(topic);
      expect(section?.querySelector("h2")?.textContent).toBe(sections[topic].title);
      expect(section?.querySelector(".origin")?.textContent).toContain(`Again: make ${topic}`);
      expect(section?.querySelector(".origin")?.textContent).toContain("22 November 2026");
      expect(section?.querySelector(".missing")).toBeNull();
    }
  });

  test("has for each picture a name, a caption with numbers, and a table", () => {
    const figures = [...document.querySelectorAll("figure")];
    expect(figures.length).toBeGreaterThanOrEqual(topics.length);
    for (const figure of figures) {
      expect(figure.querySelector("figcaption")?.textContent).toMatch(/\d/);
      for (const picture of figure.querySelectorAll("svg[role=img]")) expect(picture.getAttribute("aria-label")).not.toBe("");
      expect(figure.querySelectorAll("svg[role=img]").length).toBeGreaterThan(0);
      expect(figure.nextElementSibling?.querySelectorAll("tbody tr").length).toBeGreaterThan(0);
    }
  });

  test("draws what it was given: no place is missing its number", () => {
    expect(text.match(/.{0,80}(NaN|undefined|Infinity)/g) ?? []).toEqual([]);
    for (const picture of document.querySelectorAll("svg[role=img]")) {
      expect(picture.querySelectorAll("path, circle, rect, line").length).toBeGreaterThan(0);
    }
  });

  test("lists every probe, by its pair", () => {
    const [, every] = document.querySelectorAll("#matrix details");
    expect(every?.querySelectorAll("td:first-child")).toHaveLength(records.matrix.data.probes.length);
    expect(every?.querySelectorAll("th[scope=rowgroup]")).toHaveLength(20);
  });

  test("leaves out what a test did not come to, and draws the rest", async () => {
    const { shifting, revocation } = records;
    const half = {
      shifting: { ...shifting, data: { ...shifting.data, convergence: [] } },
      revocation: { ...revocation, data: { ...revocation.data, idle: [] } },
    };
    const none = { revocation: { ...revocation, data: { ...revocation.data, busy: [], idle: [] } } };
    const written = await page(half);
    expect(`${written}${await page(none)}`.match(/.{0,80}(NaN|undefined|Infinity)/g) ?? []).toEqual([]);
    expect(parseHTML(written).document.querySelectorAll("figure")).toHaveLength(2);
  });

  test("uses each identifier once", () => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test("writes what was recorded as text, whatever it is", async () => {
    const bad = `<img src=x onerror=alert(1)>"&`;
    const { data } = records.matrix;
    const written = await page({
      matrix: {
        ...records.matrix,
        command: bad,
        data: { probes: data.probes.map((probe) => ({ ...probe, from: `a/${bad}`, seen: bad })) },
      },
      faults: { ...records.faults, data: { [bad]: { requests: 1, failed: 0, none: true } } },
      platform: { ...records.platform, data: { ...records.platform.data, edges: [{ from: `a/${bad}`, to: "c/d", what: bad }] } },
    });
    expect(parseHTML(written).document.querySelectorAll("img")).toHaveLength(0);
  });
});

describe("what another version recorded", () => {
  test("records of this one are all drawn", async () => {
    expect(await drawable(records)).toEqual({ records, problems: [] });
  });

  test.each(topics)("%s: one line says which command makes it anew, and all others are drawn", async (topic) => {
    const { [topic]: own, ...others } = records;
    const { records: left, problems } = await drawable({ ...records, [topic]: { ...own, data: { of: "old" } } } as LastRecords);
    expect(problems).toEqual([
      `The record of ${topic} is of another version's form and left out. Try: ${makers[topic]}, which makes it anew.`,
    ]);
    expect(left).toEqual(others);
    expect(parseHTML(await page(left)).document.querySelectorAll(".missing")).toHaveLength(1);
  });

  test("a record with a number missing within is one of them", async () => {
    const { baseline } = records;
    const ways = baseline.data.ways.map(({ rate: _left, ...rest }) => rest);
    const { problems } = await drawable({ baseline: { ...baseline, data: { ways } } } as unknown as LastRecords);
    expect(problems).toHaveLength(1);
  });
});

describe("what nobody recorded", () => {
  test.each(topics)("%s: its section says which command does, and all others are there", async (topic) => {
    const { [topic]: _left, ...others } = records;
    const { document } = parseHTML(await page(others as LastRecords));
    expect(document.querySelector(`#${topic} .missing`)?.textContent).toContain(makers[topic]);
    expect(document.querySelectorAll(".missing")).toHaveLength(1);
    expect(document.querySelector(".dates")?.textContent).toContain("1 of 12 parts is missing");
  });

  test("the commands that would record it are of files that there are", async () => {
    const files = { wire: await readdir("tests/wire"), bench: await readdir("bench") };
    const asked = Object.values(makers).map((command) => /^make (wire|bench) T=(\S+)$/.exec(command));
    for (const [, suite, pattern = ""] of asked.filter((one) => one !== null)) {
      expect(files[suite as keyof typeof files].join("\n")).toContain(pattern);
    }
    // All but what `make up` records itself.
    expect(asked.filter((one) => one !== null)).toHaveLength(topics.length - 2);
  });

  test("with nothing at all there is no report, but one message that says how to come by it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "report-"));
    try {
      await expect(writeReport({}, join(folder, "index.html"))).rejects.toThrow(/Nothing is recorded yet.*make .*wire/);
      const bytes = await writeReport({ start: records.start }, join(folder, "deep", "index.html"));
      expect((await readFile(join(folder, "deep", "index.html"))).byteLength).toBe(bytes);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
