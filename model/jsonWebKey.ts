import { createPublicKey } from "node:crypto";

/** A public key as RFC 7517 has it. */
export interface JsonWebKey {
  readonly kty: string;
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/** A public key as Kong holds it. */
export interface VerificationKey {
  /** The one algorithm of signatures that are made with it. */
  readonly algorithm: string;
  /** PEM. */
  readonly publicKey: string;
}

const rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const algorithmOfCurve: Readonly<Record<string, string>> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };

/**
 * A JSON Web Key in Kong's form. A key of RSA that does not say its algorithm is taken to be for RS256.
 *
 * @throws Error saying what is allowed when Kong has no use for the key.
 */
export function verificationKey(key: JsonWebKey): VerificationKey {
  const algorithms = algorithmsOf(key);
  if (algorithms.length === 0) throw new Error("a public key of RSA, or of EC on P-256, P-384 or P-521");
  const algorithm = algorithms.find((known) => key.alg === undefined || key.alg === known);
  if (algorithm === undefined) throw new Error(`a key whose alg is one of ${algorithms.join(", ")}`);
  return { algorithm, publicKey: pem(key) };
}

function algorithmsOf({ kty, crv }: JsonWebKey): string[] {
  if (kty === "RSA") return rsaAlgorithms;
  const algorithm = kty === "EC" ? algorithmOfCurve[String(crv)] : undefined;
  return algorithm === undefined ? [] : [algorithm];
}

function pem(key: JsonWebKey): string {
  try {
    return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
  } catch {
    throw new Error("a whole public key (RFC 7517)");
  }
}
