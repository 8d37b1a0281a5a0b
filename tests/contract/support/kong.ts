import type { ApplicationDeclaration } from "../../../model/application.ts";
import { publishedImages } from "../../../model/versions.ts";
import { issuedSecrets } from "./certificates.ts";
import { ControlPlane } from "./controlPlane.ts";
import { installDefinitions } from "./definitions.ts";
import type { KongConfiguration } from "./kongConfiguration.ts";
import { KongController } from "./kongController.ts";
import { contentsOf, type Manifest } from "./manifests.ts";
import { RecordingAdmin } from "./recordingAdmin.ts";

/** What Kong would be configured with on a stack, and what its controller had to say of the objects. */
export interface Pushed {
  readonly configuration: KongConfiguration;
  readonly complaints: readonly string[];
}

/** The class comes with Kong's chart. */
const ingressClass: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "kong" },
  spec: { controller: "ingress-controllers.konghq.com/kong" },
};

/** Lets the real controller translate a stack's objects, with keys of its configuration replaced. */
export async function pushedFor(
  stack: string,
  changes: Record<string, unknown> = {},
  declared?: readonly ApplicationDeclaration[],
): Promise<Pushed> {
  const { objects, releases } = await contentsOf(stack, changes, declared);
  const ofKong = releases.find(({ chart }) => chart.endsWith("kong"));
  if (!ofKong) throw new Error(`stack ${stack} has no release of Kong`);
  const plane = await ControlPlane.start();
  const admin = await RecordingAdmin.start(publishedImages.kong.tag);
  let controller: KongController | undefined;
  try {
    await installDefinitions(plane);
    const refused = await plane.refusals([ingressClass, ...objects, ...(await issuedSecrets(objects))]);
    if (refused.length > 0) throw new Error(refused.join("\n"));
    controller = await KongController.start(plane, admin, environmentOf(ofKong.values));
    return { configuration: await controller.settled(), complaints: await controller.complaints() };
  } finally {
    await controller?.stop();
    await admin.stop();
    await plane.stop();
  }
}

/** The chart hands values to the controller as variables of its environment. */
function environmentOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const { env = {}, ingressClass: name } = values.ingressController as { env?: Record<string, unknown>; ingressClass: string };
  const entries = Object.entries({ ...env, ingress_class: name });
  return Object.fromEntries(entries.map(([key, value]) => [`CONTROLLER_${key.toUpperCase()}`, String(value)]));
}
