import { expect, test } from "vitest";
import { withClaims } from "../../../cli/pulumi/claims.ts";

const place = "urn:pulumi:local::mesh::mesh:app:Application$mesh:app:Database";
const template = {
  metadata: { name: "data", labels: { app: "database" } },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const set = {
  urn: `${place}$kubernetes:apps/v1:StatefulSet::database`,
  type: "kubernetes:apps/v1:StatefulSet",
  id: "prod/database",
  custom: true,
  parent: `${place}::database`,
  provider: "the-provider",
  inputs: { metadata: { name: "database", namespace: "prod" }, spec: { volumeClaimTemplates: [template] } },
};
const before = { urn: `${place}::database`, type: "mesh:app:Database" };

test("the claim that a StatefulSet has made becomes a resource, before it and as the program registers it", () => {
  const { resources } = withClaims({ resources: [before, set] });
  expect(resources?.map(({ urn }) => urn)).toEqual([
    before.urn,
    `${place}$kubernetes:core/v1:PersistentVolumeClaim::database`,
    set.urn,
  ]);
  const inputs = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data-database-0", namespace: "prod", labels: { app: "database" } },
    spec: template.spec,
  };
  expect(resources?.[1]).toEqual({
    urn: `${place}$kubernetes:core/v1:PersistentVolumeClaim::database`,
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    id: "prod/data-database-0",
    custom: true,
    parent: `${place}::database`,
    provider: "the-provider",
    inputs,
    outputs: inputs,
    retainOnDelete: true,
  });
});

test("a set that was replaced and is still to be deleted has no claim beside its successor's", () => {
  const spec = { volumeClaimTemplates: [{ metadata: { name: "old" } }] };
  const replaced = { ...set, delete: true, inputs: { ...set.inputs, spec } };
  const { resources } = withClaims({ resources: [before, replaced, set, set] });
  const claims = resources?.filter(({ type }) => type.endsWith(":PersistentVolumeClaim"));
  expect(claims?.map(({ id }) => id)).toEqual(["prod/data-database-0"]);
});

test("what is a resource already, or no database's, is left as it is", () => {
  const once = withClaims({ resources: [before, set] });
  expect(withClaims(once)).toBe(once);
  const theirs = { resources: [{ ...set, urn: "urn:pulumi:local::mesh::kubernetes:apps/v1:StatefulSet::database" }] };
  expect(withClaims(theirs)).toBe(theirs);
  // A service's set has templates too, and its claims are resources from the beginning.
  const ofService = { resources: [{ ...set, urn: set.urn.replace("mesh:app:Database", "mesh:app:Microservice") }] };
  expect(withClaims(ofService)).toBe(ofService);
  const current = { resources: [{ ...set, inputs: { ...set.inputs, spec: {} } }] };
  expect(withClaims(current)).toBe(current);
});
