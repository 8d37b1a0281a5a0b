import { describe, expect, test } from "vitest";
import { deployApplications } from "../../../components/app/Application.ts";
import { bookinfo } from "../../../docs/examples/bookinfo.ts";
import { onlineBoutique } from "../../../docs/examples/onlineBoutique.ts";
import { CallGraph } from "../../../model/callGraph.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { routesOf } from "../../../model/route.ts";
import { resolveApplications } from "../../../stacks/images.ts";
import { at, type Recording, record } from "../../lib/mocks.ts";
import { factsOf } from "../../lib/shop.ts";
import { parse } from "../support/config.ts";

/*
 * Applications that nobody here wrote, as docs/examples declares them.
 */

const gateways = ["kong", "istio"] as const;
const mesh = { injection: { "istio-injection": "enabled" }, podAnnotations: {} };

async function rendered(declared: typeof bookinfo): Promise<Recording> {
  const { applications, problems } = checkApplications([declared], { gateways: factsOf(...gateways), secrets: [] });
  expect(problems).toEqual([]);
  const specs = resolveApplications(applications, parse({ "mesh:target": "kind", "mesh:sources": "published" }));
  const graph = new CallGraph(specs, factsOf(...gateways));
  const routes = specs.flatMap((spec) => routesOf(spec, gateways));
  return record(() => deployApplications(specs, { graph, routes, mesh }));
}

interface Container {
  readonly image: string;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: object;
  readonly volumeMounts?: readonly { readonly mountPath: string }[];
}
const deployments = ({ all }: Recording) =>
  all("kubernetes:apps/v1:Deployment").map(({ name, inputs }) => ({
    name,
    container: at<Container>(inputs, "spec.template.spec.containers.0"),
  }));

describe("Online Boutique", () => {
  test("has its eleven services, its Redis and its load generator, each with the image, port and probe of its manifests", async () => {
    const found = deployments(await rendered(onlineBoutique));
    expect(found.map(({ name }) => name.replace(/^boutique-|-v1$/g, "")).toSorted()).toEqual([
      ...["adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator"],
      ...["paymentservice", "productcatalogservice", "recommendationservice", "redis-cart", "shippingservice"],
    ]);
    const grpc = found.filter(({ container }) => container.ports?.[0]?.name === "grpc");
    expect(grpc).toHaveLength(9);
    for (const { container } of grpc) {
      expect(container.readinessProbe).toMatchObject({ grpc: { port: container.ports?.[0]?.containerPort } });
    }
    const cookie = { name: "Cookie", value: "shop_session-id=x-readiness-probe" };
    const [frontend] = found.filter(({ name }) => name === "boutique-frontend-v1");
    expect(frontend?.container.readinessProbe).toMatchObject({
      httpGet: { path: "/_healthz", port: 8080, httpHeaders: [cookie] },
    });
    const [redis] = found.filter(({ name }) => name === "boutique-redis-cart-v1");
    expect(redis?.container).toMatchObject({
      readinessProbe: { tcpSocket: { port: 6379 } },
      volumeMounts: [{ mountPath: "/data" }],
    });
  });

  test("the catalogue lets each of its callers do what it does, and nobody else anything", async () => {
    const { inputs } = await rendered(onlineBoutique);
    const policy = inputs("kubernetes:security.istio.io/v1:AuthorizationPolicy", "boutique-productcatalogservice-callers");
    const rules = at<{ from: { source: { principals: string[] } }[]; to: { operation: { paths: string[] } }[] }[]>(
      policy,
      "spec.rules",
    );
    const allowed = rules.map(({ from, to }) => [from[0]?.source.principals[0]?.split("/").at(-1), to[0]?.operation.paths]);
    const both = (method: string) => [
      `/hipstershop.ProductCatalogService/${method}`,
      `/hipstershop.ProductCatalogService/${method}/*`,
    ];
    expect(Object.fromEntries(allowed)).toEqual({
      frontend: [...both("ListProducts"), ...both("GetProduct")],
      recommendationservice: both("ListProducts"),
      checkoutservice: both("GetProduct"),
    });
  });
});

describe("Bookinfo", () => {
  test("has six Deployments, three of them of its reviews, each with an image of its own", async () => {
    const found = deployments(await rendered(bookinfo));
    const images = Object.fromEntries(found.map(({ name, container }) => [name, container.image]));
    const imageOf = (name: string) => `docker.io/istio/examples-bookinfo-${name}:1.20.1`;
    expect(images).toEqual({
      "bookinfo-productpage-v1": imageOf("productpage-v1"),
      "bookinfo-details-v1": imageOf("details-v1"),
      "bookinfo-ratings-v1": imageOf("ratings-v1"),
      "bookinfo-reviews-v1": imageOf("reviews-v1"),
      "bookinfo-reviews-v2": imageOf("reviews-v2"),
      "bookinfo-reviews-v3": imageOf("reviews-v3"),
    });
    for (const { name, container } of found.filter(({ name }) => name.includes("reviews"))) {
      expect([name, container.volumeMounts?.map(({ mountPath }) => mountPath)]).toEqual([name, ["/tmp", "/opt/ibm/wlp/output"]]);
    }
  });

  test("shows the user jason the reviews of v2, and everybody else those of v1", async () => {
    const { inputs } = await rendered(bookinfo);
    const virtualService = (name: string) =>
      at<{ match?: { headers?: object }[]; route: { destination: { subset: string }; weight: number }[] }[]>(
        inputs("kubernetes:networking.istio.io/v1:VirtualService", `bookinfo-${name}-routes`),
        "spec.http",
      );
    const asked = virtualService("reviews").map(({ match = [], route }) => [
      match.map(({ headers }) => headers),
      route.flatMap(({ destination, weight }) => (weight > 0 ? destination.subset : [])),
    ]);
    const [jason, canary] = [{ "end-user": { exact: "jason" } }, { "x-canary": { exact: "true" } }];
    expect(asked).toEqual([
      [[jason], ["v2"]],
      [[jason], ["v2"]],
      [[canary], ["v3"]],
      [[canary], ["v3"]],
      [[undefined], ["v1"]],
      [[], ["v1"]],
    ]);
    for (const name of ["reviews", "ratings", "details", "productpage"])
      expect(JSON.stringify(virtualService(name))).not.toContain("fault");
  });
});
