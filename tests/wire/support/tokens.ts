import { generateKeyPairSync, sign } from "node:crypto";

/** Somebody who issues JSON Web Tokens, signed with ES256. */
export interface TokenIssuer {
  /** The public key, as configuration takes it. */
  readonly key: Readonly<Record<string, unknown>>;
  /** A token with these claims. */
  token(claims: Readonly<Record<string, unknown>>): string;
}

export function createIssuer(kid: string): TokenIssuer {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return {
    key: { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" },
    token(claims) {
      const text = `${encode({ alg: "ES256", typ: "JWT", kid })}.${encode(claims)}`;
      const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${text}.${signature.toString("base64url")}`;
    },
  };
}
