import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type JsonWebKey, verificationKey } from "../../../model/jsonWebKey.ts";
import type { Route } from "../../../model/route.ts";
import { type Credentials, credential, kongConsumer } from "./resources.ts";

/** Those whom Kong lets in by a credential. */
export interface Consumers {
  /** The key of each consumer; secrets. */
  readonly keys: Readonly<Record<string, pulumi.Output<string>>>;
  /** What must be there before a route that asks for them. */
  readonly known: readonly pulumi.Resource[];
}

/**
 * Registers whoever the routes' policies name: consumers, each with one generated key for all services that let it in, and
 * issuers of tokens, each with its public keys. Each is a group of its own, and a service's plugin lists those it lets in: to
 * take one away changes the plugin, which is done at once. They live in Kong's own namespace, as they belong to no
 * service: the teams of services cannot read their keys.
 */
export function createConsumers(
  name: string,
  routes: readonly Route[],
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): Consumers {
  const known: pulumi.Resource[] = [];
  const register = (caller: Caller, own: readonly Credential[]) => {
    const group: Credential = ["acl", "acl", { group: caller.name }];
    const secrets = [...own, group].map(([suffix, kind, data]) => {
      const secret = `${caller.name}.${suffix}`;
      return credential(`${name}-${secret}`, { name: secret, namespace }, kind, data, opts);
    });
    const { name: username, customId } = caller;
    const consumer = { username, ...(customId && { custom_id: customId }), credentials: secrets.map((s) => s.metadata.name) };
    known.push(...secrets, kongConsumer(`${name}-${caller.name}`, { name: caller.name, namespace }, consumer, opts));
  };

  const keys: Record<string, pulumi.Output<string>> = {};
  for (const consumer of consumersOf(routes)) {
    // Letters and digits alone: a key is sent as a header, and typed by people.
    const { result } = new random.RandomPassword(`${name}-${consumer}`, { length: 32, special: false }, opts);
    const key = pulumi.secret(result);
    keys[consumer] = key;
    register({ name: consumer }, [["key", "key-auth", { key }]]);
  }
  for (const [issuer, keys] of issuersOf(routes)) {
    register({ name: callerOf(issuer), customId: issuer }, keys.flatMap(credentialsOf(issuer)));
  }
  return { keys, known };
}

interface Caller {
  /** Its group, too. */
  readonly name: string;
  readonly customId?: string;
}

type Credential = {
  [Kind in keyof Credentials]: readonly [suffix: string, kind: Kind, data: Credentials[Kind]];
}[keyof Credentials];

/**
 * The first key under the issuer's own name, by which a single one is looked up, and each of several under its `kid`. So tokens are
 * taken all the time while keys come and go, one after the other.
 */
function credentialsOf(issuer: string) {
  return (jsonWebKey: JsonWebKey, index: number, { length }: readonly JsonWebKey[]): Credential[] => {
    const { algorithm, publicKey } = verificationKey(jsonWebKey);
    const known = (key: string) => ({ key, algorithm, rsa_public_key: publicKey });
    const { kid = "" } = jsonWebKey;
    return [
      ...(index === 0 ? [["jwt", "jwt", known(issuer)] satisfies Credential] : []),
      ...(length > 1 ? [[`jwt.${shortHash(kid)}`, "jwt", known(kid)] satisfies Credential] : []),
    ];
  };
}

/** Under which name Kong knows whoever has a token of an issuer. No consumer has a dot in its name. */
export function callerOf(issuer: string): string {
  return `issuer.${shortHash(issuer)}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}

function consumersOf(routes: readonly Route[]): Set<string> {
  return new Set(routes.flatMap(({ policies }) => policies.apiKeys?.consumers ?? []));
}

function issuersOf(routes: readonly Route[]): Map<string, readonly JsonWebKey[]> {
  return new Map(routes.flatMap(({ policies: { jwt } }) => (jwt ? [[jwt.issuer, jwt.keys]] : [])));
}
