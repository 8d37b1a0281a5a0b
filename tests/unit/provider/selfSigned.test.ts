import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { issue } from "../../../cli/certificates/issue.ts";
import type { Issued } from "../../../model/certificates.ts";
import { reasons, selfSigned } from "../../../provider/selfSigned.ts";

const day = 24 * 60 * 60 * 1_000;
const start = new Date("2030-01-01T00:00:00Z");
const later = (days: number) => new Date(start.getTime() + days * day);
const hosts = ["shop.example.com", "*.example.org"];

let made: Issued;
let server: X509Certificate;
let authority: X509Certificate;

beforeAll(async () => {
  made = await issue(hosts, start);
  server = new X509Certificate(made.server.certificate);
  authority = new X509Certificate(made.authority.certificate);
});

describe("a certificate of an authority of our own", () => {
  test("holds for the hosts, for 90 days, and for nothing but a server", () => {
    expect(server.subjectAltName).toBe("DNS:shop.example.com, DNS:*.example.org");
    expect(new Date(server.validTo)).toEqual(later(90));
    expect(made.server.ends).toBe(later(90).toISOString());
    expect(server.ca).toBe(false);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(server.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("is signed by the authority, which holds for ten years and may sign", () => {
    expect(server.checkIssued(authority)).toBe(true);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(authority.ca).toBe(true);
    expect(new Date(authority.validTo)).toEqual(later(3_650));
  });

  test("holds already for a client whose clock is a little behind", () => {
    for (const { validFrom } of [server, authority])
      expect(new Date(validFrom)).toEqual(new Date(start.getTime() - 5 * 60 * 1_000));
  });

  test("comes with its key", async () => {
    const { createPrivateKey, createPublicKey } = await import("node:crypto");
    const keyOf = (pem: string) => createPublicKey(createPrivateKey(pem)).export({ type: "spki", format: "pem" });
    expect(keyOf(made.server.key)).toBe(server.publicKey.export({ type: "spki", format: "pem" }));
    expect(keyOf(made.authority.key)).toBe(authority.publicKey.export({ type: "spki", format: "pem" }));
  });
});

describe("the next certificate", () => {
  const next = (days: number) => issue(hosts, later(days), made.authority);

  test("has another key and the same authority, so that clients need not be told", async () => {
    const { authority: same, server: other } = await next(70);
    expect(same).toEqual(made.authority);
    expect(new X509Certificate(other.certificate).verify(authority.publicKey)).toBe(true);
    expect(other.key).not.toBe(made.server.key);
    expect(other.ends).toBe(later(160).toISOString());
  });

  test("keeps the authority until its last year, and then its key: who trusts the old one trusts what it signs now", async () => {
    expect((await next(3_284)).authority).toEqual(made.authority);
    const { authority: renewed, server: other } = await next(3_285);
    expect(renewed.certificate).not.toBe(made.authority.certificate);
    expect(renewed.ends).toBe(later(3_285 + 3_650).toISOString());
    expect(new X509Certificate(other.certificate).checkIssued(authority)).toBe(true);
    expect(new X509Certificate(other.certificate).verify(authority.publicKey)).toBe(true);
  });
});

describe("when another one is made", () => {
  const ends = (days: number) => later(days).toISOString();
  const olds = {
    hosts,
    certificate: "c",
    key: "k",
    ends: ends(90),
    authority: "a",
    authorityKey: "ak",
    authorityEnds: ends(3_650),
  };

  test.each([
    ["at once: not", 0, []],
    ["after 59 days: not yet", 59, []],
    ["after 60 days: it has 30 left", 60, ["ends"]],
    ["after its end", 91, ["ends"]],
  ])("%s", (_when, days, expected) => {
    expect(reasons(olds, { hosts }, later(days))).toEqual(expected);
  });

  test("in the authority's last year", () => {
    const fresh = { ...olds, ends: ends(4_000) };
    expect(reasons(fresh, { hosts }, later(3_284))).toEqual([]);
    expect(reasons(fresh, { hosts }, later(3_285))).toEqual(["authorityEnds"]);
  });

  test("for other hosts", () => {
    expect(reasons(olds, { hosts: ["example.net"] }, start)).toEqual(["hosts"]);
  });
});

describe("what Pulumi runs", () => {
  const kind = selfSigned(issue);

  test("makes a certificate, leaves it while it is good, and makes the next one with the same authority", async () => {
    const { id, outputs } = await kind.create({ hosts });
    expect(id).toBe("shop.example.com");
    expect(new X509Certificate(outputs.certificate).subjectAltName).toBe(server.subjectAltName);
    expect(kind.diff(outputs, { hosts })).toEqual({ changes: false });

    const news = { hosts: ["example.net"] };
    expect(kind.diff(outputs, news)).toEqual({ changes: true });
    const updated = await kind.update(outputs, news);
    expect(updated).toMatchObject({ hosts: ["example.net"], authority: outputs.authority, authorityKey: outputs.authorityKey });
    expect(new X509Certificate(updated.certificate).subjectAltName).toBe("DNS:example.net");
  });

  test("tells what went wrong", async () => {
    const olds = { hosts, certificate: "", key: "", ends: "", authority: "none", authorityKey: "none", authorityEnds: "" };
    const update = kind.update(olds, { hosts });
    await expect(update).rejects.toThrow(/^no certificate for shop.example.com, \*\.example\.org can be made: .+$/);
  });
});
