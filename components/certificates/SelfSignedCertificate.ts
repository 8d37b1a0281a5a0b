import * as pulumi from "@pulumi/pulumi";
import { madeHere } from "../support/madeHere.ts";

/**
 * A server certificate and the authority that signed it, both made on this machine, by `provider/selfSigned.ts`. Their keys are secrets
 * of the stack.
 */
export class SelfSignedCertificate extends pulumi.CustomResource {
  declare readonly certificate: pulumi.Output<string>;
  declare readonly key: pulumi.Output<string>;
  declare readonly authority: pulumi.Output<string>;

  constructor(name: string, args: { readonly hosts: readonly string[] }, opts: pulumi.CustomResourceOptions) {
    const names = ["certificate", "key", "ends", "authority", "authorityKey", "authorityEnds"];
    const { type, outputs, ...own } = madeHere("certificate:SelfSigned", names);
    const secret = { additionalSecretOutputs: ["key", "authorityKey"] };
    super(type, name, { hosts: [...args.hosts], ...outputs }, pulumi.mergeOptions(opts, { ...own, ...secret }));
  }
}
