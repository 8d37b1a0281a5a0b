import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { DatabaseSpec } from "../../model/application.ts";
import { databasePort } from "../../model/callGraph.ts";
import { imageName } from "../../model/image.ts";
import { claimOf, credentialKeys, credentialsOf, serviceHost } from "../../model/names.ts";
import { restrictedContainer, restrictedPod } from "../support/restricted.ts";
import { createClaim, inPlace } from "./claims.ts";
import type { Variables } from "./pods.ts";

export interface DatabaseArgs extends DatabaseSpec {
  readonly namespace: pulumi.Input<string>;
  /** @default the cluster's own */
  readonly storageClass?: string;
  /** Annotations of the pod; a change restarts it. @default none */
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/** Where the database's user is written down. */
export interface Credentials {
  /** Name of the Secret, in the database's namespace. Whatever names it waits for the Secret, and not for the database. */
  readonly secret: pulumi.Output<string>;
  /** What is in it. */
  readonly values: Readonly<Record<keyof typeof credentialKeys, pulumi.Input<string>>>;
}

/** The user of Debian's PostgreSQL, whose files nobody else may read. */
const user = 999;
/** Seconds until a stopping PostgreSQL is killed. It is told to stop fast, so this is time for its last checkpoint. */
const gracePeriod = 60;
const keys = credentialKeys;
const volumeFolder = "/var/lib/postgresql/data";

/**
 * A PostgreSQL server of one pod with a volume of its own. Its data outlives the pod and the
 * StatefulSet, and goes with the namespace. The volume grows in place where its StorageClass lets it, and never shrinks. Files of
 * one major version are not opened by another: the pod then says so in its log and does not become ready; dump and restore is the way.
 */
export class Database extends pulumi.ComponentResource {
  readonly credentials: Credentials;
  private readonly host: pulumi.Output<string>;
  private readonly args: DatabaseArgs;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mesh:app:Database", name, {}, opts);
    const { namespace, database } = args;
    const child = { parent: this };
    const metadata = { name: args.name, namespace, labels: { app: args.name } };

    // Letters and digits alone: it may become part of a URL.
    const password = new random.RandomPassword(name, { length: 32, special: false }, child);
    const values = { user: args.user, password: password.result, database };
    const secret = new k8s.core.v1.Secret(
      name,
      {
        metadata: { ...metadata, name: credentialsOf(args.name) },
        stringData: values,
      },
      child,
    );
    this.credentials = { secret: secret.metadata.name, values };
    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const { storage: size, storageClass } = args;
    const claim = createClaim(name, { ...metadata, name: claimOf(args.name) }, { size, storageClass }, child);
    const ports = [{ name: "tcp-postgresql", port: databasePort, targetPort: "postgresql", appProtocol: "tcp" }];
    new k8s.core.v1.Service(name, { metadata, spec: { selector: { app: args.name }, ports } }, child);
    const refs = { account: account.metadata.name, claim: claim.metadata.name, credentials: this.credentials };
    // A set made before claims were resources of their own has templates of them, which no set can change while it exists: to take them
    // out would delete the database first.
    const kept = { ...child, ...inPlace, ignoreChanges: ["spec.volumeClaimTemplates"] };
    new k8s.apps.v1.StatefulSet(name, { metadata, spec: setSpec(args, refs) }, kept);

    this.host = pulumi.output(namespace).apply((known) => serviceHost({ name: args.name, namespace: known }));
    this.args = args;
    this.registerOutputs();
  }

  /**
   * What a caller's process needs, in the variables that every PostgreSQL client reads.
   *
   * @param secret - name of a Secret with the credentials in the caller's namespace. @default the one in the database's own
   */
  variables(secret: pulumi.Output<string> = this.credentials.secret): Variables {
    const { database, user } = this.args;
    return {
      PGHOST: this.host,
      PGPORT: `${databasePort}`,
      PGDATABASE: database,
      PGUSER: user,
      PGPASSWORD: { secret, key: keys.password },
    };
  }
}

/** What the pod names: each is an output of what must be there before it. */
interface PodReferences {
  readonly account: pulumi.Input<string>;
  readonly claim: pulumi.Input<string>;
  readonly credentials: Credentials;
}

function setSpec(args: DatabaseArgs, refs: PodReferences) {
  const labels = { app: args.name };
  const { podAnnotations: annotations } = args;
  return {
    replicas: 1,
    serviceName: args.name,
    selector: { matchLabels: labels },
    // With the default, a pod that cannot start would have to be removed by hand before it gets a better template.
    podManagementPolicy: "Parallel",
    template: { metadata: { labels, ...(annotations && { annotations }) }, spec: podSpec(args, refs) },
  };
}

function podSpec(args: DatabaseArgs, { account, claim, credentials }: PodReferences): k8s.types.input.core.v1.PodSpec {
  const scratch = ["run", "tmp"].map((name) => ({ name, emptyDir: { sizeLimit: "64Mi" } }));
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: gracePeriod,
    // Not every storage lets a group in by itself; where it had to be done once, it is not done at each start.
    securityContext: { ...restrictedPod(user), fsGroup: user, fsGroupChangePolicy: "OnRootMismatch" },
    containers: [container(args, credentials)],
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }, ...scratch],
  };
}

function container(args: DatabaseArgs, { secret }: Credentials): k8s.types.input.core.v1.Container {
  const from = (name: string, key: string) => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } });
  // Over TCP: while the official image prepares its files it serves the socket alone.
  const ask = { exec: { command: ["pg_isready", "--quiet", "--host=127.0.0.1", `--username=${args.user}`] }, timeoutSeconds: 3 };
  return {
    name: args.name,
    image: imageName(args.image),
    imagePullPolicy: "IfNotPresent",
    // Small, as its data is; the default alone takes 128 MB.
    args: ["-c", "shared_buffers=32MB", "-c", "max_connections=50"],
    ports: [{ name: "postgresql", containerPort: databasePort }],
    env: [
      from("POSTGRES_USER", keys.user),
      from("POSTGRES_PASSWORD", keys.password),
      from("POSTGRES_DB", keys.database),
      // Words are compared by their code points, which no other version of a library does otherwise.
      { name: "POSTGRES_INITDB_ARGS", value: "--locale=C.UTF-8 --encoding=UTF8" },
      // Below the volume's own folder, which may have a `lost+found` and belongs to whoever made it.
      { name: "PGDATA", value: `${volumeFolder}/pgdata` },
    ],
    // Making the files anew or recovering after a crash takes its time, and must not be cut off.
    startupProbe: { ...ask, periodSeconds: 1, failureThreshold: 300 },
    readinessProbe: { ...ask, periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...ask, periodSeconds: 10, failureThreshold: 6 },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: "data", mountPath: volumeFolder },
      { name: "run", mountPath: "/var/run/postgresql" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
