import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { sections } from "../../../config/sections.ts";

/*
 * The page of settings against the rules themselves: every key, its default, and its bounds where those are numbers or words.
 */

/** The part of JSON Schema that the rules come out as. */
interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
}

interface Row {
  readonly unlessGiven: string;
  readonly allowed: string;
}

const page = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `(mesh:[^`]+)` \| .+ \| (.+) \| (.+) \|$/gm)].map(([, key = "", unlessGiven = "", allowed = ""]) => [
    key,
    { unlessGiven, allowed } as Row,
  ]),
);

const settings = new Map(settingsOf(z.toJSONSchema(sections, { io: "input", unrepresentable: "any" }) as Schema));

function* settingsOf(schema: Schema, path = "mesh:"): Iterable<[string, Schema]> {
  for (const one of schema.oneOf ?? [schema]) {
    const inside = one.type === "array" ? one.items : one;
    if (!inside?.properties) {
      yield [path, one];
      continue;
    }
    const at = one.type === "array" ? `${path}[].` : path === "mesh:" ? path : `${path}.`;
    for (const [key, value] of Object.entries(inside.properties)) yield* settingsOf(value, `${at}${key}`);
  }
}

/** The name under which the page has a key: what services, charts or images have in common it says once. */
function rowOf(key: string): string {
  return key
    .replace(/^mesh:shop\.(frontend|backend)\./, "mesh:product.")
    .replace(/^mesh:(charts|images)\.\w+\./, "mesh:$1.kong.");
}

test("the page has every setting, and no other", () => {
  expect([...rows.keys()].sort()).toEqual([...new Set([...settings.keys()].map(rowOf))].sort());
});

test("it says what holds unless a file says otherwise", () => {
  for (const [key, { default: unlessGiven }] of settings) {
    // The shop's services have other numbers than the product service, which the page says beside it.
    if (unlessGiven === undefined || /^mesh:shop\.\w+\.replicas$/.test(key)) continue;
    expect([key, rows.get(rowOf(key))?.unlessGiven]).toEqual([key, expect.stringMatching(starting(written(unlessGiven)))]);
  }
});

test("it says which words and which numbers are allowed", () => {
  for (const [key, { enum: words = [], items, minimum, maximum }] of settings) {
    const { allowed = "" } = rows.get(rowOf(key)) ?? {};
    for (const word of [...words, ...(items?.enum ?? [])]) expect([key, allowed]).toEqual([key, expect.stringContaining(word)]);
    if (minimum === undefined) continue;
    expect([key, allowed]).toEqual([key, expect.stringMatching(new RegExp(`^${minimum} to ${maximum}\\b`))]);
  }
});

function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const starting = (text: string) => new RegExp(`^\`${text.replace(/[^\w ]/g, "\\$&")}\``);
