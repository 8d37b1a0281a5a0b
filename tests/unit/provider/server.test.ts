import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import structs, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../lib/errors.ts";
import { projectDir } from "../../../lib/paths.ts";
import { type Kinds, serve } from "../../../provider/server.ts";

type Client = InstanceType<typeof service.ResourceProviderClient>;
type Method = "check" | "diff" | "create" | "read" | "update" | "delete";

const clientOf = (port: number): Client => new service.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());

type Call<Response> = (request: object, done: (error: ServiceError | null, response: Response) => void) => void;

/** Asks as Pulumi's engine does. */
function ask<Response>(client: Client, method: Method, request: object): Promise<Response> {
  const call = (client[method] as unknown as Call<Response>).bind(client);
  return new Promise((resolve, reject) => call(request, (error, response) => (error ? reject(error) : resolve(response))));
}

const struct = (value: object) => structs.Struct.fromJavaScript(value as Record<string, JavaScriptValue>);
const urn = (type: string) => `urn:pulumi:local::mesh::mesh:cluster:KindCluster$${type}::name`;

const kinds: Kinds = {
  "mesh:test:Full": {
    check: () => [{ property: "size", reason: "size is 2, was 1" }],
    create: async (inputs) => ({ id: "one", outputs: { ...inputs, made: true, left: undefined } }),
    read: async (olds) => ("gone" in olds ? undefined : { ...olds, seen: true }),
    diff: () => ({ changes: true, replaces: ["size"], deleteBeforeReplace: true }),
    update: async (olds, news) => ({ olds, news }),
    delete: async () => {
      throw new UserError("it is in use");
    },
  },
  "mesh:test:Least": {
    create: async (inputs) => ({ id: "two", outputs: inputs }),
    diff: () => ({ changes: false }),
    update: async (_olds, news) => news,
  },
};

describe("what the engine gets", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let client: Client;
  beforeAll(async () => {
    server = await serve(kinds);
    client = clientOf(server.port);
  });
  afterAll(() => {
    client.close();
    server.stop();
  });

  test("a refusal, with the inputs as they were given", async () => {
    const request = new messages.CheckRequest();
    request.setUrn(urn("mesh:test:Full"));
    request.setNews(struct({ size: 2 }));
    const response = await ask<messages.CheckResponse>(client, "check", request);
    expect(response.getInputs()?.toJavaScript()).toEqual({ size: 2 });
    expect(response.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "size", reason: "size is 2, was 1" },
    ]);
  });

  test.each([
    ["mesh:test:Full", messages.DiffResponse.DiffChanges.DIFF_SOME, ["size"], true],
    ["mesh:test:Least", messages.DiffResponse.DiffChanges.DIFF_NONE, [], false],
  ])("what changes: %s", async (type, changes, replaces, deleteFirst) => {
    const request = new messages.DiffRequest();
    request.setUrn(urn(type));
    const response = await ask<messages.DiffResponse>(client, "diff", request);
    expect([response.getChanges(), response.getReplacesList(), response.getDeletebeforereplace()]).toEqual([
      changes,
      replaces,
      deleteFirst,
    ]);
  });

  test("what was made, without what is not there", async () => {
    const request = new messages.CreateRequest();
    request.setUrn(urn("mesh:test:Full"));
    request.setProperties(struct({ size: 1, list: ["a", { b: null }] }));
    const response = await ask<messages.CreateResponse>(client, "create", request);
    expect(response.getId()).toBe("one");
    expect(response.getProperties()?.toJavaScript()).toEqual({ size: 1, list: ["a", { b: null }], made: true });
  });

  test("what there is; nothing of what is gone; as it was where nobody can look", async () => {
    const read = async (type: string, properties: object) => {
      const request = new messages.ReadRequest();
      request.setUrn(urn(type));
      request.setId("one");
      request.setProperties(struct(properties));
      const response = await ask<messages.ReadResponse>(client, "read", request);
      return [response.getId(), response.getProperties()?.toJavaScript()];
    };
    expect(await read("mesh:test:Full", { size: 1 })).toEqual(["one", { size: 1, seen: true }]);
    expect(await read("mesh:test:Full", { gone: true })).toEqual(["", undefined]);
    expect(await read("mesh:test:Least", { size: 1 })).toEqual(["one", { size: 1 }]);
  });

  test("what an update came to", async () => {
    const request = new messages.UpdateRequest();
    request.setUrn(urn("mesh:test:Full"));
    request.setOlds(struct({ size: 1 }));
    request.setNews(struct({ size: 2 }));
    const response = await ask<messages.UpdateResponse>(client, "update", request);
    expect(response.getProperties()?.toJavaScript()).toEqual({ olds: { size: 1 }, news: { size: 2 } });
  });

  test("an error as one message, and what is not known as one too", async () => {
    const request = new messages.DeleteRequest();
    request.setUrn(urn("mesh:test:Full"));
    await expect(ask(client, "delete", request)).rejects.toMatchObject({ details: "it is in use" });
    request.setUrn(urn("mesh:test:Other"));
    await expect(ask(client, "delete", request)).rejects.toMatchObject({
      details: "mesh has no resource mesh:test:Other; it has mesh:test:Full, mesh:test:Least",
    });
    request.setUrn(urn("mesh:test:Least"));
    await expect(ask(client, "delete", request)).resolves.toBeDefined();
  });
});

describe("the plugin as Pulumi starts it", () => {
  let plugin: ChildProcess | undefined;
  afterEach(() => void plugin?.kill("SIGKILL"));

  test("says its port in its first line, and makes a certificate", async () => {
    // Pulumi starts it in the project's folder, but that need not be.
    plugin = spawn(`${projectDir}/provider/pulumi-resource-mesh`, ["127.0.0.1:1"], { cwd: "/", env: { PATH: process.env.PATH } });
    const [line] = await once(plugin.stdout as NodeJS.ReadableStream, "data");
    expect(`${line}`).toMatch(/^\d+\n$/);
    const client = clientOf(Number(line));
    const request = new messages.CreateRequest();
    request.setUrn(urn("mesh:certificate:SelfSigned"));
    request.setProperties(struct({ hosts: ["shop.example.com"] }));
    const response = await ask<messages.CreateResponse>(client, "create", request);
    client.close();
    const { certificate } = response.getProperties()?.toJavaScript() ?? {};
    expect(new X509Certificate(String(certificate)).subjectAltName).toBe("DNS:shop.example.com");
  });
});
