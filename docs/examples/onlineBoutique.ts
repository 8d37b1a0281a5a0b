import type { ApplicationDeclaration } from "../../model/application.ts";

/*
 * Online Boutique, a shop of eleven services that speak gRPC, a Redis and a load generator, from the facts of its public manifests.
 * https://github.com/GoogleCloudPlatform/microservices-demo, release/kubernetes-manifests.yaml, v0.10.6
 */

type Service = NonNullable<ApplicationDeclaration["services"]>[string];

const image = (name: string) =>
  ({
    registry: "us-central1-docker.pkg.dev",
    repository: `online-boutique-ci/microservices-demo/${name}`,
    tag: "v0.10.6",
  }) as const;
const container = { user: 1000 } as const;
const usual = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } };

/** A service of gRPC, which answers gRPC's own question for health; `PORT` is given. */
function grpc(
  name: string,
  port: number,
  { target = port, env = {}, ...rest }: { target?: number } & Partial<Service> = {},
): Service {
  const ports = { grpc: { port, target, protocol: "grpc" } } as const;
  const probes = { ready: { grpc: "grpc" }, health: { grpc: "grpc" } };
  return {
    image: image(name),
    ports,
    probes,
    container,
    resources: usual,
    replicas: 1,
    env: { DISABLE_PROFILER: "1", ...env },
    ...rest,
  };
}

/** A method of the shop's protocol, as callers declare it. */
const method = (service: string, ...methods: readonly string[]) => methods.map((one) => `/hipstershop.${service}/${one}`);
const catalog = { PRODUCT_CATALOG_SERVICE_ADDR: "productcatalogservice:3550" };
const shipping = { SHIPPING_SERVICE_ADDR: "shippingservice:50051" };
const currency = { CURRENCY_SERVICE_ADDR: "currencyservice:7000" };
const cart = { CART_SERVICE_ADDR: "cartservice:7070" };

export const onlineBoutique: ApplicationDeclaration = {
  namespace: "boutique",
  services: {
    frontend: {
      ...{ image: image("frontend"), container, resources: usual, replicas: 1 },
      ports: { http: { port: 80, target: 8080 } },
      probes: {
        ready: { http: "/_healthz", headers: { Cookie: "shop_session-id=x-readiness-probe" } },
        health: { http: "/_healthz", headers: { Cookie: "shop_session-id=x-liveness-probe" } },
      },
      env: {
        ...{ ...catalog, ...currency, ...cart, ...shipping, ENABLE_PROFILER: "0" },
        ...{ RECOMMENDATION_SERVICE_ADDR: "recommendationservice:8080", CHECKOUT_SERVICE_ADDR: "checkoutservice:5050" },
        // The assistant is not deployed by default either, and the program wants to know where it would be.
        ...{ AD_SERVICE_ADDR: "adservice:9555", SHOPPING_ASSISTANT_SERVICE_ADDR: "shoppingassistantservice:80" },
      },
      calls: [
        { to: "productcatalogservice", paths: method("ProductCatalogService", "ListProducts", "GetProduct") },
        { to: "currencyservice", paths: method("CurrencyService", "GetSupportedCurrencies", "Convert") },
        { to: "cartservice", paths: method("CartService", "AddItem", "GetCart", "EmptyCart") },
        { to: "recommendationservice", paths: method("RecommendationService", "ListRecommendations") },
        { to: "shippingservice", paths: method("ShippingService", "GetQuote") },
        { to: "checkoutservice", paths: method("CheckoutService", "PlaceOrder") },
        { to: "adservice", paths: method("AdService", "GetAds") },
      ],
      exposed: { page: { path: "/", methods: ["GET", "HEAD", "POST"] } },
    },
    productcatalogservice: grpc("productcatalogservice", 3550),
    currencyservice: grpc("currencyservice", 7000),
    shippingservice: grpc("shippingservice", 50051),
    paymentservice: grpc("paymentservice", 50051),
    emailservice: grpc("emailservice", 5000, { target: 8080 }),
    adservice: grpc("adservice", 9555, {
      resources: { requests: { cpu: "200m", memory: "180Mi" }, limits: { cpu: "300m", memory: "300Mi" } },
    }),
    recommendationservice: grpc("recommendationservice", 8080, {
      env: catalog,
      resources: { requests: { cpu: "100m", memory: "220Mi" }, limits: { cpu: "200m", memory: "450Mi" } },
      calls: [{ to: "productcatalogservice", paths: method("ProductCatalogService", "ListProducts") }],
    }),
    checkoutservice: grpc("checkoutservice", 5050, {
      env: {
        ...{ ...catalog, ...shipping, ...currency, ...cart },
        ...{ PAYMENT_SERVICE_ADDR: "paymentservice:50051", EMAIL_SERVICE_ADDR: "emailservice:5000" },
      },
      calls: [
        { to: "productcatalogservice", paths: method("ProductCatalogService", "GetProduct") },
        { to: "shippingservice", paths: method("ShippingService", "GetQuote", "ShipOrder") },
        { to: "currencyservice", paths: method("CurrencyService", "Convert") },
        { to: "cartservice", paths: method("CartService", "GetCart", "EmptyCart") },
        { to: "paymentservice", paths: method("PaymentService", "Charge") },
        { to: "emailservice", paths: method("EmailService", "SendOrderConfirmation") },
      ],
    }),
    cartservice: grpc("cartservice", 7070, {
      env: { REDIS_ADDR: "redis-cart:6379" },
      resources: { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: "300m", memory: "128Mi" } },
      calls: [{ to: "redis-cart" }],
    }),
    "redis-cart": {
      image: { registry: "docker.io", repository: "library/redis", tag: "alpine" },
      ports: { redis: { port: 6379, protocol: "tcp" } },
      probes: { ready: { tcp: "redis" }, health: { tcp: "redis" } },
      // As in the original, what it keeps goes with the pod.
      container: { user: 1000, scratch: { "/data": "256Mi" } },
      resources: { requests: { cpu: "70m", memory: "200Mi" }, limits: { cpu: "125m", memory: "256Mi" } },
      replicas: 1,
    },
  },
  workers: {
    loadgenerator: {
      image: image("loadgenerator"),
      container,
      env: { FRONTEND_ADDR: "frontend:80", USERS: "10", RATE: "1" },
      resources: { requests: { cpu: "300m", memory: "256Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
      calls: [{ to: "frontend" }],
    },
  },
};
