import type { types } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { DatabaseSpec } from "../components/app/Database.ts";
import type { LoadSpec } from "../components/app/LoadGenerator.ts";
import type { EnvironmentValue, SecretKey, ServiceImage } from "../components/app/Microservice.ts";
import { completeResilience } from "../config/resilience.ts";
import type { Image } from "./image.ts";
import { policies } from "./policies.ts";
import type { GatewayName } from "./route.ts";
import { allowing, mapping, ownHeader } from "./rules.ts";
import type { ApplicationSpec, Call, Exposed, ServiceSpec } from "./spec.ts";

/*
 * The shape of an application: which keys there are at every depth, and what type each has. `make up` checks no types, so that a key
 * that nobody knows would be ignored. What values may be, beyond their type, is judged in checks/.
 */

/**
 * A mapping with the keys of a type and no others. The compiler refuses a shape that has a key more or less than the type, or
 * another type for one: neither can change without the other.
 */
const of =
  <T extends object>() =>
  <S extends { readonly [K in keyof T]-?: z.ZodType<T[K]> }>(shape: S & { readonly [K in Exclude<keyof S, keyof T>]: never }) =>
    mapping(shape as S);

const text = () => z.string(allowing("text"));
const number = () => z.number(allowing("a number"));
const list = <T extends z.ZodType>(item: T, what: string) => z.array(item, allowing(`a list of ${what}`)).readonly();
const texts = () => list(text(), "texts");

/** What a resource of the program computes, and is known only later. */
const isComputed = (given: unknown) => pulumi.Output.isInstance(given) || given instanceof Promise;

const quantity = z.custom<pulumi.Input<string>>(
  (given) => isComputed(given) || (typeof given === "string" && /^\d+(\.\d+)?(m|k|[MGTPE]i?|Ki)?$/.test(given)),
  allowing("a quantity such as 250m or 128Mi, as text"),
);
const amounts = z.record(z.string(), quantity, allowing("a mapping of cpu, memory and the like to quantities"));

const serviceImage = of<ServiceImage>()({
  reference: text(),
  program: of<NonNullable<ServiceImage["program"]>>()({ file: text(), content: text() }).exactOptional(),
});
const image = of<Image>()({
  registry: text(),
  repository: text(),
  tag: text().exactOptional(),
  digest: text().exactOptional(),
});

const secretKey = of<SecretKey>()({ secret: text(), key: text() });
const variable = z.custom<EnvironmentValue>(
  (given) => typeof given === "string" || isComputed(given) || secretKey.safeParse(given).success,
  allowing("text, or a mapping with secret, key"),
);

const call = of<Call>()({ to: text(), methods: texts().exactOptional(), paths: texts().exactOptional() });

const exposed = of<Exposed>()({
  path: text(),
  methods: texts().exactOptional(),
  versioned: text().exactOptional(),
  gateways: list(
    z.custom<GatewayName>((given) => typeof given === "string", allowing("text")),
    "gateways",
  ).exactOptional(),
  policies: policies.exactOptional(),
});

const service = of<ServiceSpec>()({
  name: text(),
  image: serviceImage,
  port: number(),
  containerPort: number().exactOptional(),
  probes: of<ServiceSpec["probes"]>()({ ready: text(), health: text() }),
  resources: of<Pick<types.input.core.v1.ResourceRequirements, "limits" | "requests">>()({
    limits: amounts.optional(),
    requests: amounts.optional(),
  }).exactOptional(),
  env: z.record(z.string(), variable, allowing("a mapping of variables")).exactOptional(),
  versions: list(of<ServiceSpec["versions"][number]>()({ name: text(), replicas: number(), weight: number() }), "versions"),
  canary: of<NonNullable<ServiceSpec["canary"]>>()({ header: ownHeader(), version: text() }).exactOptional(),
  resilience: completeResilience.exactOptional(),
  calls: list(call, "calls").exactOptional(),
  exposed: exposed.exactOptional(),
});

const database = of<DatabaseSpec>()({ name: text(), image, database: text(), user: text(), storage: text() });

const load = of<LoadSpec>()({
  name: text(),
  image,
  calls: z.tuple([call], call, allowing("a list of calls, at least one")).readonly(),
  qps: number(),
  url: text(),
});

/** Applications as their teams declare them. */
export const applicationsSchema = list(
  of<ApplicationSpec>()({
    namespace: text(),
    services: list(service, "services"),
    databases: list(database, "databases").exactOptional(),
    loads: list(load, "loads").exactOptional(),
  }),
  "applications",
);
