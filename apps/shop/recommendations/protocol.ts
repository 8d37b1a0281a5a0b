import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import protobuf from "protobufjs";

/*
 * What the recommendations service speaks, and gRPC's own question for health, which Kubernetes asks. In Protocol Buffers' own language,
 * read when a program starts: nothing is generated.
 */

const shop = `
syntax = "proto3";
package shop;

service Recommendations {
  // Products that go well with one.
  rpc List (Question) returns (Recommended);
  // The same again and again, as often as it is asked for.
  rpc Watch (Question) returns (stream Recommended);
}

message Question {
  int32 product = 1;
  // Of Watch: how often it answers, and how many milliseconds it waits between.
  int32 times = 2;
  int32 pause = 3;
}

message Recommended {
  repeated int32 products = 1;
  string version = 2;
  string pod = 3;
}`;

/** @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
const health = `
syntax = "proto3";
package grpc.health.v1;

service Health {
  rpc Check (HealthCheckRequest) returns (HealthCheckResponse);
}

message HealthCheckRequest { string service = 1; }

message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; }
  ServingStatus status = 1;
}`;

export interface Question {
  readonly product: number;
  readonly times?: number;
  readonly pause?: number;
}

export interface Recommended {
  readonly products: readonly number[];
  /** Who answered. */
  readonly version: string;
  readonly pod: string;
}

const options = { enums: String, arrays: true, defaults: true } as const;

function serviceOf(text: string, path: readonly string[]): ServiceClientConstructor {
  const root = loadPackageDefinition(fromJSON(protobuf.parse(text).root.toJSON(), options));
  return path.reduce<GrpcObject>((from, name) => from[name] as GrpcObject, root) as unknown as ServiceClientConstructor;
}

/** The service of the shop, as a client and with its definition. */
export const Recommendations = serviceOf(shop, ["shop", "Recommendations"]);
export const Health = serviceOf(health, ["grpc", "health", "v1", "Health"]);
