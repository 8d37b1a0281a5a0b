import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** The IngressClass of this Kong: its controller reads nothing that is not of it. */
export const ingressClass = "kong";

/** Objects that nobody refers to, such as consumers and global plugins, say by this annotation whose they are. */
const ofClass = { "kubernetes.io/ingress.class": ingressClass } as const;

/** What a plugin of Kong is told; see its schema in Kong's own documentation. */
export interface PluginConfig {
  readonly [setting: string]: string | number | boolean | readonly string[];
}

export interface Plugin {
  /** As Kong names it. */
  readonly plugin: string;
  readonly config: PluginConfig;
}

interface Place {
  readonly name: string;
  readonly namespace: pulumi.Input<string>;
}

const apiVersion = "configuration.konghq.com/v1";

/** A plugin for those Ingresses of its namespace that name it. */
export function kongPlugin(name: string, metadata: Place, plugin: Plugin, opts: pulumi.CustomResourceOptions) {
  return new k8s.apiextensions.CustomResource(name, { apiVersion, kind: "KongPlugin", metadata, ...plugin }, opts);
}

/** A plugin for every request, also one that no route takes. */
export function globalPlugin(name: string, { plugin, config }: Plugin, opts: pulumi.CustomResourceOptions) {
  const metadata = { name: plugin, labels: { global: "true" }, annotations: ofClass };
  const args = { apiVersion, kind: "KongClusterPlugin", metadata, plugin, config };
  return new k8s.apiextensions.CustomResource(name, args, opts);
}

export interface Consumer {
  readonly username: string;
  /** Another name of it, which services get as a header. */
  readonly custom_id?: string;
  /** Names of Secrets in the same namespace. */
  readonly credentials: readonly pulumi.Input<string>[];
}

/** Someone whom Kong knows by credentials. */
export function kongConsumer(name: string, place: Place, consumer: Consumer, opts: pulumi.CustomResourceOptions) {
  const metadata = { ...place, annotations: ofClass };
  return new k8s.apiextensions.CustomResource(name, { apiVersion, kind: "KongConsumer", metadata, ...consumer }, opts);
}

/** The kinds of credentials that are used here, and what each holds. */
export interface Credentials {
  readonly "key-auth": { readonly key: pulumi.Input<string> };
  readonly jwt: { readonly key: string; readonly algorithm: string; readonly rsa_public_key: string };
  readonly acl: { readonly group: string };
}

/** A credential of a consumer, which is to name this Secret. */
export function credential<Kind extends keyof Credentials>(
  name: string,
  place: Place,
  kind: Kind,
  stringData: Credentials[Kind],
  opts: pulumi.CustomResourceOptions,
) {
  // The controller looks at no Secret without this label.
  const metadata = { ...place, labels: { "konghq.com/credential": kind } };
  return new k8s.core.v1.Secret(name, { metadata, stringData: { ...stringData } }, opts);
}
