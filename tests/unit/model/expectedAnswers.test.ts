import { describe, expect, test } from "vitest";
import type { ServiceSpec } from "../../../model/application.ts";
import { entryOf, expectedAnswers } from "../../../model/expectedAnswers.ts";
import { httpPort, service } from "../../lib/shop.ts";

type Exposed = NonNullable<ServiceSpec["exposed"]>;

const gateways = ["kong", "istio"];
const tls = { hosts: ["shop.example.com", "other.example.com"], plaintext: true };
const grpc = { name: "grpc", protocol: "grpc", port: 9090, target: 9090 } as const;
/** What is asked first of services of these exposures, by what they listen on. */
const entry = (...services: Exposed[]) =>
  entryOf([{ namespace: "team", services: services.map((exposed, index) => service(`s${index}`, { exposed })) }], gateways, tls);

describe("what a stack offers first", () => {
  test("is the first exposure that is declared", () => {
    expect(entry({ b: { path: "/b" }, a: { path: "/" } }, { c: { path: "/c" } })).toEqual({
      ...{ path: "/b", policies: {}, methods: ["GET", "HEAD"], gateways },
    });
    const policies = { maxBodyBytes: 1 };
    expect(entry({ a: { path: "/a", methods: ["POST"], gateways: ["istio"], policies } })).toEqual({
      ...{ path: "/a", policies, methods: ["POST"], gateways: ["istio"] },
    });
  });

  test("is for every host, as URLs have one of the stack's own", () => {
    const named: Exposed = { a: { path: "/a", hosts: ["shop.example.com"] } };
    expect(entry({ ...named, b: { path: "/b" } })?.path).toBe("/b");
    expect(entry(named, { c: { path: "/c" } })?.path).toBe("/c");
    expect(entry(named)).toBeUndefined();
    expect(entry()).toBeUndefined();
  });

  test("is what answers at the first host of TLS too, where others may have the path", () => {
    const all: Exposed = { page: { path: "/" }, api: { path: "/api" } };
    expect(entry(all, { admin: { path: "/", exact: true, hosts: ["shop.example.com"] } })?.path).toBe("/");
    expect(entry(all, { admin: { path: "/", exact: true, hosts: ["other.example.com"] } })?.path).toBe("/");
    const taken: Exposed = { admin: { path: "/", hosts: ["shop.example.com"] } };
    expect(entry(all, taken)).toBeUndefined();
    const services = [service("s", { exposed: taken })];
    expect(entryOf([{ namespace: "team", services }], gateways, { ...tls, plaintext: false })?.path).toBe("/");
  });

  test("is of HTTP", () => {
    const ports = [grpc, httpPort(8080)];
    const exposed: Exposed = { calls: { port: "grpc", path: "/a.B" }, page: { port: "http", path: "/page" } };
    expect(entryOf([{ namespace: "team", services: [service("a", { ports, exposed })] }], gateways, tls)?.path).toBe("/page");
    const { calls } = exposed;
    const services = [service("a", { ports, ...(calls && { exposed: { calls } }) })];
    expect(entryOf([{ namespace: "team", services }], gateways, tls)).toBeUndefined();
  });

  test("may lead elsewhere, which the code says", () => {
    expect(entry({ a: { path: "/", redirect: { path: "/b", code: 302 } } })).toMatchObject({ path: "/", redirect: 302 });
    expect(entry({ a: { path: "/" } })).not.toHaveProperty("redirect");
  });
});

describe("the answers to a plain GET", () => {
  test("of a redirect are its code alone, whatever methods are named", () => {
    expect(expectedAnswers(entry({ a: { path: "/", redirect: { path: "/b", code: 303 } } }))).toEqual([
      { status: 303, why: "the route sends clients elsewhere" },
    ]);
    expect(expectedAnswers({ policies: {}, methods: ["POST"], redirect: 308 }).map(({ status }) => status)).toEqual([308]);
  });

  test("where nothing is for every host are 404", () => {
    expect(expectedAnswers(entry({ a: { path: "/", hosts: ["shop.example.com"] } }))).toEqual([
      { status: 404, why: "no service of HTTP is exposed wherever the stack's URLs lead" },
    ]);
  });
});
