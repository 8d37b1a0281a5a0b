import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Issued, isDue, type Signed, validity } from "../../model/certificates.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks differ: a certificate holds from a little before it is made, in milliseconds. */
const tolerance = 5 * 60 * 1_000;

/**
 * A certificate for hosts, signed by an authority of our own: the one that is given, unless it is in its last year. Then it
 * gets another certificate for the same key, so that whoever trusts the old one goes on trusting what it signs.
 */
export async function issue(hosts: readonly string[], now: Date, known?: Pick<Signed, "certificate" | "key">): Promise<Issued> {
  const authority = await authorityAt(now, known);
  const signer = await importKeys(authority);
  const issuer = new X509Certificate(authority.certificate);
  const keys = await newKeys();
  const server = await X509CertificateGenerator.create({
    subject: "CN=Mesh gateway",
    issuer: issuer.subject,
    ...span("server", now),
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: "dns", value }))),
      ...(await identifiers(keys, signer)),
    ],
  });
  return { authority, server: await signed(server, keys) };
}

async function authorityAt(now: Date, known?: Pick<Signed, "certificate" | "key">): Promise<Signed> {
  if (known) {
    const ends = new X509Certificate(known.certificate).notAfter.toISOString();
    if (!isDue("authority", ends, now)) return { ...known, ends };
  }
  const keys = known ? await importKeys(known) : await newKeys();
  const subject = "CN=Mesh certificate authority";
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: subject,
    ...span("authority", now),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(await identifiers(keys, keys)),
    ],
  });
  return signed(certificate, keys);
}

function span(kind: keyof typeof validity, now: Date): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - tolerance), notAfter: new Date(now.getTime() + validity[kind].total) };
}

async function identifiers(subject: webcrypto.CryptoKeyPair, issuer: webcrypto.CryptoKeyPair): Promise<Extension[]> {
  return [
    await SubjectKeyIdentifierExtension.create(subject.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ];
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** The public half is in the certificate. */
async function importKeys({ certificate, key }: Pick<Signed, "certificate" | "key">): Promise<webcrypto.CryptoKeyPair> {
  const privateKey = await crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(key), algorithm, true, ["sign"]);
  const publicKey = await new X509Certificate(certificate).publicKey.export(algorithm, ["verify"]);
  return { privateKey, publicKey };
}

async function signed(certificate: X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Promise<Signed> {
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY");
  return { certificate: certificate.toString("pem"), key, ends: certificate.notAfter.toISOString() };
}
