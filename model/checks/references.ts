import { type Application, ownWorkloads, programsOf } from "../application.ts";
import type { Environment, Files } from "../container.ts";
import { type Account, credentialKeys, credentialsOf, foreignCredentialsOf, resolveCall, same } from "../names.ts";
import type { Problems } from "./problems.ts";

/** What a variable, a file or an image's secret refers to. */
type Reference = Environment[string] | Files[string];

/**
 * Secrets, ConfigMaps and settings that pods name: each is made here, or the application says that somebody else makes it. A pod that
 * names another one would never start.
 *
 * @param all - the databases of all applications.
 * @param settings - names under `mesh:secrets`; undefined where these cannot be read.
 */
export function checkReferences(
  application: Application<unknown, unknown, Files>,
  all: readonly Account[],
  settings: readonly string[] | undefined,
  problems: Problems,
): void {
  const { namespace } = application;
  const { secrets = [], configMaps = [] } = application.external ?? {};
  const called = ownWorkloads(application).flatMap(({ calls = [] }) => calls.map(({ to }) => resolveCall(namespace, to)));
  const credentials = all.flatMap((database) => {
    if (database.namespace === namespace) return credentialsOf(database.name);
    return called.some((callee) => same(callee, database)) ? foreignCredentialsOf(database) : [];
  });
  const known = (names: readonly string[], none: string) => (names.length > 0 ? `one of ${names.join(", ")}` : none);
  const none = "the name of a Secret that external.secrets has";
  const allowed = {
    secret: known([...credentials, ...secrets], none),
    pullSecret: known(secrets, none),
    configMap: known(configMaps, "the name of a ConfigMap that external.configMaps has"),
    setting: known(settings ?? [], "a value of the stack: pulumi config set --secret --path mesh:secrets.<name>"),
  };
  for (const workload of ownWorkloads(application)) {
    const { name, container } = workload;
    const refuse = (path: readonly PropertyKey[], why: string) => problems.refuse({ namespace, name }, path, why);
    const judge = (reference: Reference, path: readonly PropertyKey[]) => {
      if (typeof reference === "string") return;
      if ("secret" in reference) {
        const ofDatabase = credentials.includes(reference.secret);
        if (!ofDatabase && !secrets.includes(reference.secret)) refuse([...path, "secret"], allowed.secret);
        else if (ofDatabase && !Object.hasOwn(credentialKeys, reference.key))
          refuse([...path, "key"], `one of ${Object.keys(credentialKeys).join(", ")}`);
      }
      if ("configMap" in reference && !configMaps.includes(reference.configMap))
        refuse([...path, "configMap"], allowed.configMap);
      if ("setting" in reference && settings && !settings.includes(reference.setting))
        refuse([...path, "setting"], allowed.setting);
    };
    const variables = programsOf(workload).flatMap(({ env }) => Object.entries(env));
    // Versions and what runs before them have most in common, and each may have another value of a variable.
    const distinct = new Map(variables.map((variable) => [JSON.stringify(variable), variable]));
    for (const [variable, value] of distinct.values()) judge(value, ["env", variable]);
    for (const [path, file] of Object.entries(container.files)) judge(file, ["container", "files", path]);
    for (const [index, secret] of container.pullSecrets.entries()) {
      const place = ["container", "pullSecrets", index];
      if (typeof secret !== "string") judge(secret, place);
      else if (!secrets.includes(secret)) refuse(place, allowed.pullSecret);
    }
  }
}
