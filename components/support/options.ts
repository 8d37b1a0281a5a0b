import * as pulumi from "@pulumi/pulumi";

/** Options of a component's children. They wait for what the component waits for, which Pulumi by itself does not see to. */
export function childOf(
  parent: pulumi.ComponentResource,
  opts: pulumi.ComponentResourceOptions = {},
  ...after: pulumi.Resource[]
): pulumi.CustomResourceOptions {
  return pulumi.mergeOptions({ parent, dependsOn: after }, opts.dependsOn === undefined ? {} : { dependsOn: opts.dependsOn });
}
