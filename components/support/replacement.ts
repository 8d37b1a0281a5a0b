import * as pulumi from "@pulumi/pulumi";

/**
 * Has Pulumi delete an object or a release that the program names before it makes another one of that name. Providers answer that only
 * for an object that changes. Of one that was deleted by an update that stopped there, and is asked for again as it was, Pulumi would
 * otherwise make the new one first, and then delete "the old one" by its name, which is the new one's.
 *
 * What holds data says `deleteBeforeReplace: false` itself: a replacement then fails, as its name is taken, instead of deleting first.
 */
export const namedOnce: pulumi.ResourceTransformation = ({ type, props, opts }) => {
  const { deleteBeforeReplace = true } = opts as pulumi.CustomResourceOptions;
  return type.startsWith("kubernetes:") && isNamed(props) ? { props, opts: { ...opts, deleteBeforeReplace } } : undefined;
};

/** Whether the program gives the name: one that is made up is another one for each object. */
function isNamed({ name, metadata }: { readonly name?: unknown; readonly metadata?: unknown }): boolean {
  if (name !== undefined) return true;
  return isObject(metadata) && metadata.name !== undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !pulumi.Output.isInstance(value);
}
