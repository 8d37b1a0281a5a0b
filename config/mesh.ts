import { z } from "zod";
import { proxySettings } from "../model/proxySettings.ts";
import { addIssue, boolean, label, listOf, message, qualifiedName, strictObject, text } from "../model/rules.ts";

/** Part of the name of objects and the value of labels; often a version with hyphens. */
const revision = () =>
  text(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "lower-case letters, digits and hyphens, such as 1-30-4, at most 40 long");

/** Istio's control plane: `mesh:istio`. */
export const istio = strictObject({
  revision: revision().exactOptional(),
  tags: listOf(revision(), "tags").default([]),
  accessLogs: boolean().default(false),
  ...proxySettings.shape,
  additionalRevisions: z
    .array(
      strictObject({
        revision: revision(),
        version: text(/^\d+\.\d+\.\d+$/, "a version of Istio such as 1.30.4").exactOptional(),
      }),
      message("a list of revisions"),
    )
    .default([]),
}).superRefine(({ revision: active = "default", tags, additionalRevisions }, ctx) => {
  if (tags.length > 0 && active === "default")
    addIssue(ctx, ["tags"], "no tags without mesh:istio.revision, for which they stand");
  const taken = new Map([[active, "the active one"], ...tags.map((tag) => [tag, "a tag"] as const)]);
  for (const [index, { revision: name }] of additionalRevisions.entries()) {
    const holder = taken.get(name);
    if (holder)
      addIssue(ctx, ["additionalRevisions", index, "revision"], `a name that nothing else has; ${holder} has it already`);
    taken.set(name, "another one");
  }
});

/** A label of pods. */
const labelValue = () =>
  text(
    /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/,
    "the value of a label: at most 63 letters, digits, hyphens, underscores and dots",
  );

/** Who watches the mesh: `mesh:monitoring`. */
export const monitoring = strictObject({
  scrapers: listOf(
    strictObject({
      namespace: label(63),
      podLabels: z
        .record(qualifiedName("the key of a label"), labelValue(), message("a mapping of labels to their values"))
        .default({}),
    }),
    "pods that read metrics, each with namespace and podLabels",
  ).default([]),
});
