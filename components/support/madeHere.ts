import type * as pulumi from "@pulumi/pulumi";

/** What a resource of the project's own provider (`provider/`) is registered with. */
export interface MadeHere {
  readonly type: string;
  /** What the provider fills in: Pulumi knows of those outputs alone that are among the inputs. */
  readonly outputs: Readonly<Record<string, undefined>>;
  readonly aliases: pulumi.Alias[];
}

/**
 * What a resource that the project's own provider makes on this machine is registered with.
 *
 * @param kind - its type without the provider's name.
 * @param outputs - names of what the provider fills in.
 */
export function madeHere(kind: string, outputs: readonly string[] = []): MadeHere {
  return {
    type: `mesh:${kind}`,
    outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
    // Stacks of earlier versions have it from a dynamic provider.
    aliases: [{ type: `pulumi-nodejs:dynamic/${kind}` }],
  };
}
