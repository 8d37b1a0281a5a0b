import type { Model, TypeMeta } from "@kubernetes-models/base";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Registers a typed custom resource after checking it against its schema, so that a wrong field fails before anything is created. */
export function customResource(name: string, model: Model<TypeMeta>, opts: pulumi.CustomResourceOptions) {
  model.validate();
  return new k8s.apiextensions.CustomResource(name, model.toJSON() as k8s.apiextensions.CustomResourceArgs, opts);
}
