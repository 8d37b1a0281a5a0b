import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { podFields } from "../../model/container.ts";
import { retryConditions } from "../../model/resilience.ts";

/*
 * Settings as somebody might write them: all that the rules allow, and much that they do not. Whatever the rules take of it, those
 * who read it must take as well.
 */

/** What an option may be given: what lies at the ends of what is allowed and what reads odd, and anything else. */
export interface Candidates {
  readonly edges: readonly unknown[];
  readonly others: fc.Arbitrary<unknown>;
}

const candidates = (edges: readonly unknown[], others: fc.Arbitrary<unknown>): Candidates => ({ edges, others });
const words = (...values: readonly unknown[]) => candidates(values, fc.constantFrom(...values));
/** Lists of these, of each edge one that holds nothing else. */
const some = ({ edges, others }: Candidates) =>
  candidates(
    edges.map((edge) => [edge]),
    fc.uniqueArray(others, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) }),
  );
/** Numbers at the ends of a range, where those who read them may end as well, and between. */
const around = (least: number, most: number) =>
  candidates([least - 1, least, most, most + 1, 2 ** 31, least + 0.5], fc.integer({ min: least, max: most }));

const duration = candidates(
  [
    ...["1ms", "1440m", "0.5ms", "1.5ms", "0.001s", "0.0005s", "1.5s", "1s", "000001s", "1.005m", "0.333m", "0.001m", "0.01m"],
    ...["86400s", "1441m", "999999m"],
  ],
  fc.oneof(fc.stringMatching(/^\d{1,6}(\.\d{1,3})?(ms|s|m)$/), fc.stringMatching(/^[1-9]\d{0,3}(\.5)?(ms|s)$/)),
);
const conditions = [...retryConditions, "499", "5xx,499", "0503", "600", "never", "5xx,,reset", "306", "418", "503", "509"];
const retryOn = candidates(
  [...conditions, ...Array.from({ length: 200 }, (_, index) => `${400 + index}`).filter((_, index) => index % 7 === 0)],
  fc.uniqueArray(fc.constantFrom(...conditions), { minLength: 1, maxLength: 4 }).map((all) => all.join(",")),
);
const label = candidates(
  ["a", "a".repeat(20), "a".repeat(40), "a".repeat(41), "a-", "1"],
  fc.stringMatching(/^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/),
);
const header = candidates(["a", "host", "te", "x".repeat(100), "x".repeat(101), "x--y"], fc.stringMatching(/^[a-z0-9-]{1,12}$/));
const method = words("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE");
const origin = words(
  "https://example.com",
  "http://localhost:3000",
  "https://[2001:db8::1]:8443",
  "https://a.b.c:1",
  "*",
  "null",
  "file://",
);
const address = candidates(
  [
    ...["0.0.0.0/0", "::/0", "10.0.0.1/8", "1.2.3.4/32", "2001:db8::/32", "::1/128", "010.0.0.0/8"],
    ...["::ffff:10.0.0.1/120", "::ffff:a00:1/120", "::10.0.0.1/120", "fe80::1%eth0/64"],
  ],
  fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 33 })).map((parts) => parts.join("/")),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 129 })).map((parts) => parts.join("/")),
  ),
);
const claim = candidates(
  ["https://id.example.com", "*", "https://*", "a*", "ä", 'a"b', "a b", "a'b", "%", "\\", "[a]", "a".repeat(1_024)],
  fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" }),
);
const expression = candidates(
  ["^curl/", "(?i)a", "\\u0041", "[]a]", "(?<a>b)", "\\1", "a{70000}", "[^a-z]{2,3}\\.", "a|b", "ä"],
  fc.string({ maxLength: 8 }),
);
const storage = candidates(["1Mi", "99999Ti", "100000Gi", "1G", "1.5Gi"], fc.stringMatching(/^\d{1,5}(Mi|Gi|Ti)$/));
const host = candidates(
  ["a.b", `${"a".repeat(63)}.example.com`, `${"a.".repeat(120)}example`, "1.2.3.4", "*.example.com"],
  fc.domain(),
);
/** Of those that the other settings here have certificates for, and others. */
const exposedHost = words("shop.example.com", "*.example.org", "a.example.org", "a.b.example.org", "example.org", "*");
const url = words("http://logs.example.com", "https://logs.example.com:8443/a?b=c", "http://logs:0", "http://[::1]:65535/");

const quantity = words("1", "0.5", "100m", "1k", "1Ki", "64Mi", "1.5Gi", "1E", "1Ei", "64MB", "", "1e3");
const variable = words(...["a", "", "$(POD_NAME)", "a\nb", "ä"], ...podFields.map((field) => ({ field })), {
  field: "metadata.labels",
});
const schedule = candidates(
  [
    "0 3 * * *",
    "*/5 0-23/2 1,15 JAN-dec mon",
    "60 * * * *",
    "* * * * 7",
    "@daily",
    "0 3 * *",
    "5-1 * * * *",
    "0  3 * * *",
    "* * 31 2 *",
  ],
  fc
    .tuple(...["59", "23", "31", "12", "6"].map((most) => fc.constantFrom("*", "1", most, `1-${most}`, "*/2", "1,2")))
    .map((all) => all.join(" ")),
);
const timeZone = candidates(
  [
    "Etc/UTC",
    "UTC",
    "Local",
    "local",
    "Europe/Berlin",
    "europe/berlin",
    "EST",
    "+01:00",
    "Mars/Olympus",
    "America/Argentina/Buenos_Aires",
    "Etc/GMT+5",
  ],
  fc.constantFrom(...Intl.supportedValuesOf("timeZone")),
);

const publicKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const member = [1, "", "sig", ["verify"], "https://example.com/x", ["AQID"], { a: 1 }];
const members = ["kid", "alg", "use", "key_ops", "x5t", "x5t#S256", "x5u", "x5c", "further"];
const key = words(publicKey, ...members.flatMap((name) => member.map((value) => ({ ...publicKey, [name]: value }))));
/** In place of the declared one. */
const versions = candidates(
  [0, 100].map((weight) => ({ v1: {}, v2: { weight } })),
  fc
    .tuple(label.others, label.others, fc.integer({ min: 0, max: 100 }))
    .map(([name, other, weight]) => ({ v1: null, [`${other}`]: {}, [`${name}`]: { weight } })),
);

/** Every option that objects in a cluster come to hold, by its key. */
export const options = {
  "apps.product.product.resilience.timeout": candidates([...duration.edges, "none"], duration.others),
  "apps.product.product.resilience.retries.attempts": around(0, 10),
  "apps.product.product.resilience.retries.perTryTimeout": duration,
  "apps.product.product.resilience.retries.on": retryOn,
  "apps.product.product.resilience.pool.connectTimeout": duration,
  "apps.product.product.resilience.pool.maxConnections": around(1, 1_000_000),
  "apps.product.product.resilience.pool.maxPendingRequests": around(1, 1_000_000),
  "apps.product.product.resilience.pool.maxRequestsPerConnection": around(1, 1_000_000),
  "apps.product.product.resilience.ejection.consecutive5xx": around(1, 1_000),
  "apps.product.product.resilience.ejection.interval": duration,
  "apps.product.product.resilience.ejection.time": duration,
  "apps.product.product.resilience.ejection.maxPercent": around(1, 100),
  "apps.product.product.resilience.balancing": words("ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "PASSTHROUGH"),
  "apps.product.product.replicas": around(1, 50),
  "apps.product.product.canary.header": header,
  "apps.product.product.versions": versions,
  "apps.product.product.exposed.products.hosts": some(exposedHost),
  "apps.product.product.exposed.products.methods": some(method),
  "apps.product.product.exposed.products.policies.rateLimit.requests": around(1, 1_000_000),
  "apps.product.product.exposed.products.policies.rateLimit.per": words("second", "minute", "hour", "day"),
  "apps.product.product.exposed.products.policies.rateLimit.by": words("everyone", "address", "luck"),
  "apps.product.product.exposed.products.policies.cors.origins": some(origin),
  "apps.product.product.exposed.products.policies.cors.methods": some(method),
  "apps.product.product.exposed.products.policies.cors.headers": some(header),
  "apps.product.product.exposed.products.policies.cors.expose": some(header),
  "apps.product.product.exposed.products.policies.cors.maxAge": duration,
  "apps.product.product.exposed.products.policies.maxBodyBytes": around(1, 1_000_000_000),
  "apps.product.product.exposed.products.policies.addresses.allow": some(address),
  "apps.product.product.exposed.products.policies.addresses.deny": some(address),
  "apps.prod.frontend.exposed.page.policies.jwt.issuer": claim,
  "apps.prod.frontend.exposed.page.policies.jwt.keys": some(key),
  "apps.prod.frontend.exposed.page.policies.jwt.audiences": some(claim),
  "apps.prod.backend.exposed.api.policies.apiKeys.consumers": some(label),
  "apps.prod.backend.exposed.api.policies.apiKeys.header": header,
  "apps.prod.backend.exposed.api.policies.bots.allow": some(expression),
  "apps.prod.backend.exposed.api.policies.bots.deny": some(expression),
  "apps.prod.recommendations.resilience.retries.grpcOn": retryOn,
  "apps.prod.recommendations.resilience.pool.maxRequests": around(1, 1_000_000),
  "apps.prod.recommendations.resources.requests.cpu": quantity,
  "apps.prod.recommendations.resources.limits.memory": quantity,
  "apps.prod.recommendations.env.HOME": variable,
  "apps.prod.report.schedule": schedule,
  "apps.prod.report.timeZone": timeZone,
  "apps.prod.report.timeout": duration,
  "apps.prod.migrate.retries": around(0, 20),
  "apps.prod.database.storage": storage,
  "apps.load.generator.qps": around(0, 10_000),
  "kong.correlationId.header": header,
  "kong.log.url": url,
  "kong.replicas": around(1, 20),
  "tls.hosts": some(host),
} as const satisfies Readonly<Record<string, Candidates>>;

export type Option = keyof typeof options;
