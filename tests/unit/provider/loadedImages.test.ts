import { expect, test } from "vitest";
import type { KindSpec } from "../../../model/kindSpec.ts";
import { loadedImages } from "../../../provider/loadedImages.ts";

const spec: KindSpec = { name: "mesh-demo", workers: 2, nodeImage: "node:1", sources: "built", ports: [] };
const olds = { spec, instance: "i", images: [{ name: "product", reference: "localhost/mesh/product:1" }] };

test.each<[string, object, boolean]>([
  ["one of them changed", { images: [{ name: "product", reference: "localhost/mesh/product:2" }] }, true],
  ["the cluster is another one of the same name", { instance: "j" }, true],
  ["the nodes' image changed, but not the nodes", { spec: { ...spec, nodeImage: "other" } }, false],
  ["nothing did", {}, false],
])("images are loaded again when %s: %s", (_what, changes, changed) => {
  expect(loadedImages(async () => {}).diff(olds, { ...olds, ...changes })).toEqual({ changes: changed });
});

test("images are loaded by what pods call them, at first and again", async () => {
  const asked: unknown[] = [];
  const kind = loadedImages(async (...words) => void asked.push(words));
  expect(await kind.create(olds)).toEqual({ id: "mesh-demo", outputs: olds });
  const news = { ...olds, instance: "j" };
  expect(await kind.update(olds, news)).toEqual(news);
  expect(asked).toEqual(Array(2).fill([spec, ["localhost/mesh/product:1"]]));
});
