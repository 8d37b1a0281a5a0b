import { expect, test } from "vitest";
import { publishedCharts, publishedImages, publishedIstioImages } from "../../../model/versions.ts";
import { certManagerRelease, certManagerType } from "../../lib/certManagerPackage.ts";
import { recordStack } from "../../lib/stacks.ts";

/*
 * The whole platform behind a mirror: whatever a stack registers, nothing of it names a place that only the internet has.
 * What charts say by default of images that nothing here sets cannot be seen by mocks.
 */

const mirror = "mirror.example.com";
const release = "kubernetes:helm.sh/v3:Release";
const repository = `oci://${mirror}/charts`;
const charts = Object.fromEntries(Object.keys(publishedCharts).map((name) => [name, { repository }]));
const redirected = { "mesh:images": { registry: mirror }, "mesh:charts": charts };

const publicPlaces = [
  ...new Set([...Object.values(publishedImages), publishedIstioImages].map(({ registry }) => registry)),
  ...new Set(Object.values(publishedCharts).map(({ repository }) => new URL(repository).host)),
];

test.each(["dev", "eks"])("stack %s takes every chart and image from it", async (stack) => {
  const { resources, all } = await recordStack(stack, redirected);
  const text = JSON.stringify(resources.map(({ inputs }) => inputs));
  expect(publicPlaces.filter((place) => text.includes(place))).toEqual([]);
  const made = [...all(release), ...all(certManagerType).map(({ inputs }) => ({ inputs: certManagerRelease(inputs) }))];
  const sources = made.map(({ inputs }) => inputs.chart);
  expect(sources.length).toBeGreaterThan(5);
  for (const chart of sources) expect(chart).toMatch(new RegExp(`^${repository}/`));
  expect(publicPlaces.filter((place) => JSON.stringify(made).includes(place))).toEqual([]);
});

test("stack local runs Kong from it, beside what is built here", async () => {
  const { resources, all } = await recordStack("local", { ...redirected, "mesh:charts": { kong: charts.kong } });
  const releases = Object.fromEntries(all(release).map(({ name, inputs }) => [name, inputs]));
  expect(releases["kong-proxies"]).toMatchObject({ chart: `${repository}/kong`, version: publishedCharts.kong.version });
  expect(JSON.stringify(releases["kong-proxies"])).toContain(`${mirror}/${publishedImages.kong.repository}`);
  expect(releases.istiod?.chart).toMatch(/^\//);
  const text = JSON.stringify(resources.map(({ inputs }) => inputs));
  expect(text).not.toContain("docker.io");
  expect(text).toContain("localhost/mesh/product:");
});
