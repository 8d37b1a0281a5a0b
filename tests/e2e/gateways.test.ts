import { request as plain } from "node:http";
import { request as secure } from "node:https";
import process from "node:process";
import { describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { grpcClients, listRecommended } from "../lib/grpc.ts";

const stack = process.env.STACK || "dev";
const { urls, authority, apiKeys, networkPolicies } = await outputs();
const gateways = Object.entries(urls).filter(([name]) => !name.endsWith("Https"));

test("the stack has the gateways it was asked to have", () => {
  expect(Object.keys(urls)).toEqual(
    expect.arrayContaining(stack === "dev" ? ["kong", "istio", "kongHttps", "istioHttps"] : ["istio"]),
  );
  expect(["enforced", "stored"]).toContain(networkPolicies);
});

describe.each(gateways)("through %s", (name, url) => {
  test("the product service answers under its path and under each version's", async () => {
    expect(await ask(`${url}/api/products`)).toMatchObject({ status: 200, body: expect.stringContaining('"products"') });
    for (const version of ["v1", "v2"]) {
      const { status, body } = await ask(`${url}/api/${version}/products`);
      expect([status, JSON.parse(body).version]).toEqual([200, version]);
    }
  });

  test("the shop shows its page, and what the database has", async () => {
    const { status, body } = await ask(`${url}/`);
    expect([status, /<!doctype html>/i.test(body), body.includes("Espresso cup")]).toEqual([200, true, true]);
  });

  test("the canary's header leads to v2, always; without it both versions answer, v1 mostly", async () => {
    const versions = async (headers: Record<string, string>) =>
      Promise.all(
        Array.from({ length: 60 }, async () => JSON.parse((await ask(`${url}/api/products`, { headers })).body).version),
      );
    expect(new Set(await versions({ "x-canary": "true" }))).toEqual(new Set(["v2"]));
    const without = await versions({});
    // At 90 to 10, fewer than 36 of 60 come once in a thousand million.
    expect(without.filter((version) => version === "v1").length).toBeGreaterThanOrEqual(36);
  });

  test("a method that nobody declared is refused", async () => {
    expect((await ask(`${url}/api/products`, { method: "DELETE" })).status).toBe(403);
  });

  test("HTTPS is served with a certificate that the stack's authority vouches for, and HTTP leads there", async () => {
    const https = new URL(urls[`${name}Https`] ?? "");
    expect(await ask(`${https.origin}/api/products`, { ca: authority })).toMatchObject({ status: 200 });
    await expect(ask(`${https.origin}/api/products`)).rejects.toThrow(/certificate/);
    const led = await ask(`${url}/api/products`, { headers: { host: https.hostname } });
    expect([led.status, new URL(led.location ?? "").hostname]).toEqual([301, https.hostname]);
  });

  test("gRPC is served over both, and each version answers its callers", async () => {
    const { plain, tls } = grpcClients(url, urls[`${name}Https`] ?? "", authority);
    for (const client of [plain, tls]) {
      expect(await listRecommended(client, { "x-canary": "true" })).toMatchObject({ version: "v2", products: [6, 5, 4] });
      client.close();
    }
  });
});

if (urls.kong && apiKeys.partner) {
  const [url, apikey] = [`${urls.kong}/api/catalog`, apiKeys.partner];

  test("what the stack's file demands a key for is served to whoever has it, and Istio's gateway does not offer it", async () => {
    expect((await ask(url)).status).toBe(401);
    expect((await ask(url, { headers: { apikey: "guessed" } })).status).toBe(401);
    expect(await ask(url, { headers: { apikey } })).toMatchObject({ status: 200, limit: "60" });
    expect((await ask(`${urls.istio}/api/catalog`, { headers: { apikey } })).status).not.toBe(200);
  });
}

test("a second preview changes nothing", async () => {
  const { exitCode, all } = await pulumi("preview", "--expect-no-changes", "--suppress-outputs");
  expect(exitCode === 0 ? "no changes" : all).toBe("no changes");
});

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Whose certificates are good. */
  readonly ca?: string;
}

/** Asks whatever listens on this machine under the URL's port; the name in the URL need not lead here. */
function ask(url: string, { method = "GET", headers = {}, ca }: Asking = {}) {
  const { protocol, hostname, port, pathname } = new URL(url);
  const request = protocol === "https:" ? secure : plain;
  const options = { host: "127.0.0.1", port, path: pathname, method, timeout: 15_000, agent: false as const };
  const tls = { servername: hostname, ...(ca === undefined ? {} : { ca }) };
  return new Promise<Answer>((resolve, reject) => {
    request({ ...options, ...tls, headers: { host: hostname, ...headers } }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => {
        body += part.toString();
      });
      const { location, "ratelimit-limit": limit } = response.headers as Record<string, string | undefined>;
      response.on("end", () => resolve({ status: response.statusCode, location, limit, body }));
    })
      .on("timeout", () => reject(new Error(`${url} did not answer`)))
      .on("error", reject)
      .end();
  });
}

interface Answer {
  readonly status: number | undefined;
  readonly location: string | undefined;
  /** How many requests may come in the time of a limit, as Kong tells. */
  readonly limit: string | undefined;
  readonly body: string;
}

interface Outputs {
  readonly urls: Readonly<Record<string, string>>;
  readonly authority: string;
  readonly apiKeys: Readonly<Record<string, string>>;
  readonly networkPolicies: string;
}

async function outputs(): Promise<Outputs> {
  const { exitCode, stdout, all } = await pulumi("stack", "output", "--json", "--show-secrets");
  if (exitCode !== 0) throw new Error(`stack ${stack} has no outputs; is it up?\n${all}`);
  return JSON.parse(String(stdout)) as Outputs;
}

/** Plain pulumi against the stack, as somebody who evaluated `make env` would run it. */
function pulumi(...args: string[]) {
  const line = `eval "$(make --silent env STACK=${stack})" && exec pulumi --non-interactive "$@" --stack ${stack}`;
  return execa("bash", ["-c", line, "pulumi", ...args], { all: true, reject: false, stdin: "ignore" });
}
