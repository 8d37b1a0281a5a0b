import { Server, ServerCredentials, type ServiceError, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs, { type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { UserError } from "../lib/errors.ts";
import { messageOf } from "../lib/messages.ts";
import type { ResourceKind } from "./resource.ts";

/** Types of resources, each as Pulumi calls it and how it is made. */
export type Kinds = Readonly<Record<string, AnyKind>>;

/** What a kind is to whoever does not know its properties. */
type AnyKind = ResourceKind<object, object>;

/**
 * Serves a provider to Pulumi's engine.
 *
 * @returns the port of the loopback address on which it does, and how to end it.
 */
export function serve(kinds: Kinds): Promise<{ readonly port: number; stop(): void }> {
  const server = new Server();
  server.addService(service.ResourceProviderService, implementation(kinds));
  return new Promise((resolve, reject) => {
    const taken = (error: Error | null, port: number) =>
      error ? reject(error) : resolve({ port, stop: () => server.forceShutdown() });
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), taken);
  });
}

function implementation(kinds: Kinds): UntypedServiceImplementation {
  const kindOf = (request: { getUrn(): string }): AnyKind => {
    const type = request.getUrn().split("::")[2]?.split("$").at(-1) ?? "";
    const kind = kinds[type];
    if (!kind) throw new UserError(`mesh has no resource ${type}; it has ${Object.keys(kinds).join(", ")}`);
    return kind;
  };
  return {
    checkConfig: answer((request: messages.CheckRequest) => checked(request.getNews())),
    diffConfig: answer(() => differing({ changes: false })),
    // No secrets: Pulumi keeps as one what the resource says is one. No preview: what a creation makes is known when it is made.
    configure: answer(() => new messages.ConfigureResponse()),
    check: answer((request: messages.CheckRequest) =>
      checked(request.getNews(), kindOf(request).check?.(read(request.getOlds()), read(request.getNews()))),
    ),
    diff: answer((request: messages.DiffRequest) =>
      differing(kindOf(request).diff(read(request.getOlds()), read(request.getNews()))),
    ),
    create: answer(async (request: messages.CreateRequest) => {
      const { id, outputs } = await kindOf(request).create(read(request.getProperties()));
      const response = new messages.CreateResponse();
      response.setId(id);
      response.setProperties(write(outputs));
      return response;
    }),
    read: answer(async (request: messages.ReadRequest) => {
      const olds = read(request.getProperties());
      const kind = kindOf(request);
      const found = kind.read ? await kind.read(olds) : olds;
      const response = new messages.ReadResponse();
      // Without an id, Pulumi takes the resource as gone and creates it again.
      if (!found) return response;
      response.setId(request.getId());
      response.setProperties(write(found));
      response.setInputs(request.getInputs());
      return response;
    }),
    update: answer(async (request: messages.UpdateRequest) => {
      const response = new messages.UpdateResponse();
      response.setProperties(write(await kindOf(request).update(read(request.getOlds()), read(request.getNews()))));
      return response;
    }),
    delete: answer(async (request: messages.DeleteRequest) => {
      await kindOf(request).delete?.(read(request.getProperties()));
      return new empty.Empty();
    }),
    // What is under way comes to its end, and Pulumi writes it down.
    cancel: answer(() => new empty.Empty()),
    attach: answer(() => new empty.Empty()),
    getPluginInfo: answer(() => {
      const info = new plugin.PluginInfo();
      info.setVersion("1.0.0");
      return info;
    }),
  };
}

/** A handler that answers with what a function makes of a request, or with the message of its error. */
function answer<Request, Response>(handle: (request: Request) => Response | Promise<Response>) {
  return async ({ request }: { request: Request }, done: (error: Partial<ServiceError> | null, response?: Response) => void) => {
    try {
      done(null, await handle(request));
    } catch (error) {
      done({ code: status.UNKNOWN, details: messageOf(error) });
    }
  };
}

function checked(inputs: structs.Struct | undefined, failures: ReturnType<NonNullable<AnyKind["check"]>> = []) {
  const response = new messages.CheckResponse();
  response.setInputs(inputs);
  response.setFailuresList(
    failures.map(({ property, reason }) => {
      const failure = new messages.CheckFailure();
      failure.setProperty(property);
      failure.setReason(reason);
      return failure;
    }),
  );
  return response;
}

function differing({ changes, replaces = [], deleteBeforeReplace = false }: ReturnType<AnyKind["diff"]>) {
  const response = new messages.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  response.setChanges(changes ? DIFF_SOME : DIFF_NONE);
  response.setReplacesList([...replaces]);
  response.setDeletebeforereplace(deleteBeforeReplace);
  return response;
}

function read(struct: structs.Struct | undefined): object {
  return struct?.toJavaScript() ?? {};
}

function write(properties: object): structs.Struct {
  return structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);
}
