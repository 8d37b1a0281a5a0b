import { beforeAll, describe, expect, test } from "@jest/globals";
import { gatewayFacts } from "../../components/gateway/facts.ts";
import { nameOf, serviceHost } from "../../model/names.ts";
import { haveUp, saw } from "../lib/runningStack.ts";
import { callersOf } from "./support/envoy.ts";
import { withCallers } from "./support/inside/pods.ts";
import { lines, withRaw } from "./support/raw.ts";

/*
 * Clients that are old or odd and keep to the standards: each request is written byte by byte, as the clients that tests are
 * made of do not write it. Through the gateway, and from service to service.
 */

const path = "/api/products";
const product = serviceHost({ name: "product", namespace: "product" });

beforeAll(async () => {
  await haveUp();
});

/** What is sent for a host, and the status of the answer. */
type Sent = readonly [what: string, request: (host: string) => string, status: number];

const get = (host: string, ...headers: string[]) =>
  lines(`GET ${path} HTTP/1.1`, `host: ${host}`, "connection: close", ...headers);
const upgrade = (host: string, offer: string) =>
  lines(`GET ${path} HTTP/1.1`, `host: ${host}`, "connection: Upgrade, close", offer);

const sent: readonly Sent[] = [
  ["an offer of TLS, as Apache's client makes it", (host) => upgrade(host, "upgrade: TLS/1.2"), 200],
  ["an offer of nobody's protocol", (host) => upgrade(host, "upgrade: lemon/1, lime"), 200],
  ["HTTP/1.0", (host) => lines(`GET ${path} HTTP/1.0`, `host: ${host}`), 200],
  ["an absolute target", (host) => lines(`GET http://${host}${path} HTTP/1.1`, `host: ${host}`, "connection: close"), 200],
  ["a host in capitals", (host) => get(host.toUpperCase()), 200],
  ["a field of a host with spaces around it", (host) => get(`  ${host} \t`), 200],
  ["HEAD", (host) => get(host).replace("GET", "HEAD"), 200],
  ["a slash at the end", (host) => get(host).replace(path, `${path}/`), 200],
  ["two slashes", (host) => get(host).replace(path, "//api//products"), 200],
  ["a body that nobody needs", (host) => `${get(host, "content-length: 5")}hello`, 200],
  [
    "a body in chunks, with an extension and trailers",
    (host) => `${get(host, "transfer-encoding: chunked", "trailer: x-a")}5;a=b\r\nhello\r\n0\r\nx-a: b\r\n\r\n`,
    200,
  ],
  [
    "an offer of HTTP/2",
    (host) =>
      lines(
        `GET ${path} HTTP/1.1`,
        `host: ${host}`,
        "connection: Upgrade, HTTP2-Settings, close",
        "upgrade: h2c",
        "http2-settings: AAMAAABkAAQAAP__",
      ),
    200,
  ],
];

describe("the gateway answers", () => {
  const toGateway: readonly Sent[] = [
    ...sent,
    ["an empty line before it", (host) => `\r\n${get(host)}`, 200],
    ["HTTP/1.0 without a host", () => lines(`GET ${path} HTTP/1.0`), 200],
    ["a host with a dot at its end", (host) => get(`${host}.`), 200],
    ["a host with any port", (host) => get(`${host}:1234`), 200],
  ];

  test.each(toGateway)("%s", async (_what, request, status) => {
    await withRaw(1, async ([it]) => {
      it?.write(Buffer.from(request("localhost"), "latin1"));
      const answer = (await it?.until(/\r\n\r\n/)) ?? "";
      expect(answer.split("\r\n", 1)[0]).toMatch(new RegExp(`^HTTP/1\\.[01] ${status} `));
    });
  });

  test("100 before a body for which a client waits to be asked, or the refusal", async () => {
    await withRaw(1, async ([it]) => {
      it?.write(lines(`GET ${path} HTTP/1.1`, "host: localhost", "expect: 100-continue", "content-length: 5"));
      expect(await it?.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 (100|200) /);
    });
  });

  test("HTTP/2 without a word before it", async () => {
    const { connect } = await import("node:http2");
    const { gatewayUrl } = await import("./support/product.ts");
    const session = connect(gatewayUrl());
    const status = await new Promise((resolve, reject) => {
      session.on("error", reject);
      session
        .request({ ":path": path, ":authority": "localhost" })
        .on("response", ({ ":status": status }) => resolve(status))
        .on("error", reject)
        .resume();
    });
    session.destroy();
    expect(status).toBe(200);
  });
});

test("a service answers them too when another service asks it", async () => {
  const gateways: readonly string[] = Object.values(gatewayFacts).map(({ account }) => nameOf(account));
  const account = callersOf("product/product").find((caller) => !gateways.includes(caller));
  if (account === undefined) throw new Error("nobody may call the product service");
  const all = sent.filter(([what]) => what !== "HEAD");
  const probes = all.map(([, request]) => ({ host: product, port: 8080, text: request(`${product}:8080`), patient: true }));
  const answers = await withCallers([{ account }], async ([asker]) => asker?.probe(probes));
  saw(`${account} asked ${product}: ${answers?.map(({ status, error }) => status ?? error).join(", ")}`);
  expect(answers?.map(({ status, error }, index) => [all[index]?.[0], status ?? error])).toEqual(
    all.map(([what, , status]) => [what, status]),
  );
});
