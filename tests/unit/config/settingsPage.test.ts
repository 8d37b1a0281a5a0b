import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { applications } from "../../../apps/index.ts";
import { sections } from "../../../config/sections.ts";
import { type ApplicationDeclaration, database, loadGenerator } from "../../../model/application.ts";
import { service } from "../../../model/service.ts";
import { job } from "../../../model/workers.ts";
import { problems } from "../support/config.ts";

/*
 * The page of settings against the rules themselves: every key, its default, and its bounds where those are numbers or words.
 */

/** A workload of each kind, and the rules for what is declared of it: a stack overrides some of that. */
const workloads = {
  ...{ "product.product": service, "prod.migrate": job },
  ...{ "prod.database": database, "load.generator": loadGenerator },
};

/** The applications of apps/, each of whose services and jobs has a destination: a stack sets some of what is declared. */
const declared = applications.map(
  (application) =>
    ({
      ...application,
      ...{ services: reaching(application.services), jobs: reaching(application.jobs) },
    }) as ApplicationDeclaration,
);

function reaching(workloads: object = {}): object {
  const egress = { v1: { hosts: ["api.example.com"] } };
  return Object.fromEntries(Object.entries(workloads).map(([name, options]) => [name, { ...options, egress }]));
}

/** The part of JSON Schema that the rules come out as. */
interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
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

const settings = new Map([...settingsOf(jsonSchema(sections), "mesh:")].filter(([key]) => key !== "mesh:apps"));
for (const [workload, schema] of Object.entries(workloads)) {
  for (const [key, value] of settingsOf(jsonSchema(schema), `mesh:apps.${workload}.`)) {
    // A stack sets something of an exposure that is declared, and no other.
    const ofDeclared = key.replace(".exposed.<name>.", ".exposed.products.");
    if (isSetting(ofDeclared)) settings.set(ofDeclared, value);
  }
}

function jsonSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
}

function* settingsOf(schema: Schema, path: string): Iterable<[string, Schema]> {
  for (const one of schema.oneOf ?? [schema]) {
    const { items, additionalProperties } = one;
    const [inside, at] = items?.properties
      ? [items, `${path}[].`]
      : additionalProperties?.properties
        ? [additionalProperties, `${path}.<name>.`]
        : [one, /[:.]$/.test(path) ? path : `${path}.`];
    if (!inside.properties) yield [path, one];
    for (const [key, value] of Object.entries(inside.properties ?? {})) yield* settingsOf(value, `${at}${key}`);
  }
}

/** Whether a stack may set what is declared. */
function isSetting(key: string): boolean {
  const steps = key.slice("mesh:".length).replace(".<name>", ".v1").split(".");
  const value = steps.reduceRight<unknown>((inner, step) => ({ [step]: inner }), "any") as { apps: unknown };
  return !problems({ "mesh:apps": value.apps }, undefined, declared).some((problem) => problem.includes(" is not a setting"));
}

/** The name under which the page has a key: what services, charts or images have in common it says once. */
function rowOf(key: string): string {
  return key
    .replace(/^mesh:apps\.[\w.]+?\.image\./, "mesh:apps.product.product.image.")
    .replace(/^mesh:apps\.[\w.]+?\.egress\./, "mesh:apps.product.product.egress.")
    .replace(/^mesh:(charts|images)\.\w+\./, "mesh:$1.kong.");
}

test("the page has every setting, and no other", () => {
  const some = [
    "replicas",
    "versions.<name>.weight",
    "env",
    "exposed.products.methods",
    "image.tag",
    "storage",
    "rules.match[].headers",
  ];
  for (const key of [...some, "exposed.products.hosts", "egress.<name>.hosts", "egress.<name>.addresses"]) {
    expect(settings.has(`mesh:apps.product.product.${key}`)).toBe(true);
  }
  for (const key of [
    "ports.<name>.port",
    "calls",
    "probes.startWithin",
    "exposed.products.path",
    "image.source",
    "egress.<name>.port",
  ]) {
    expect(settings.has(`mesh:apps.product.product.${key}`)).toBe(false);
  }
  expect([...rows.keys()].sort()).toEqual([...new Set([...settings.keys()].map(rowOf))].sort());
});

test("it says what holds unless a file says otherwise", () => {
  for (const [key, { default: unlessGiven }] of settings) {
    if (unlessGiven === undefined) continue;
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
