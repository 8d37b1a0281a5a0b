import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { Database, type DatabaseArgs } from "../../../../components/app/Database.ts";
import { at, type Inputs, type Recording, record } from "../../../lib/mocks.ts";

const set = "kubernetes:apps/v1:StatefulSet";
const secret = "kubernetes:core/v1:Secret";
const claim = "kubernetes:core/v1:PersistentVolumeClaim";
const args: DatabaseArgs = {
  name: "database",
  namespace: "prod",
  image: { registry: "registry", repository: "postgres", digest: "sha256:1" },
  database: "shop",
  user: "keeper",
  storage: "1Gi",
};

let recording: Recording;
let env: Record<string, unknown>;
let pod: Inputs;
let container: Inputs;

beforeAll(async () => {
  recording = await record(async () => {
    const database = new Database("database", args);
    env = await new Promise((resolve) => pulumi.output(database.variables()).apply(resolve));
  });
  pod = at(recording.inputs(set, "database"), "spec.template.spec");
  container = at(pod, "containers.0");
});

describe("the server", () => {
  test("is one pod with a volume of its own", () => {
    expect(recording.inputs(set, "database")).toMatchObject({
      metadata: { name: "database", namespace: "prod", labels: { app: "database" } },
      spec: {
        replicas: 1,
        serviceName: "database",
        // A pod that cannot start is replaced when its template gets better.
        podManagementPolicy: "Parallel",
      },
    });
    expect(recording.inputs(claim, "database")).toEqual({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      // As the StatefulSet of an earlier version called it.
      metadata: { name: "data-database-0", namespace: "prod", labels: { app: "database" } },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
  });

  test("keeps its data whatever becomes of the program: nothing of it is deleted for a successor", () => {
    // A template of claims cannot change, and an earlier version's is left alone: the claim grows by itself.
    expect(recording.inputs(set, "database")).not.toHaveProperty("spec.volumeClaimTemplates");
    expect(recording.options(set, "database")).toMatchObject({
      ignoreChanges: ["spec.volumeClaimTemplates"],
      deleteBeforeReplace: false,
    });
    expect(recording.options(claim, "database")).toMatchObject({ retainOnDelete: true, deleteBeforeReplace: false });
  });

  test("takes the storage class and the annotations it is given", async () => {
    const { inputs } = await record(
      () => new Database("database", { ...args, storageClass: "fast", podAnnotations: { a: "b" } }),
    );
    expect(inputs(set, "database")).toMatchObject({ spec: { template: { metadata: { annotations: { a: "b" } } } } });
    expect(inputs(claim, "database")).toMatchObject({ spec: { storageClassName: "fast" } });
  });

  test("is reached as TCP, which a mesh must be told", () => {
    expect(recording.inputs("kubernetes:core/v1:Service", "database")).toMatchObject({
      metadata: { name: "database", namespace: "prod" },
      spec: {
        selector: { app: "database" },
        ports: [{ name: "tcp-postgresql", port: 5432, targetPort: "postgresql", appProtocol: "tcp" }],
      },
    });
    expect(container).toMatchObject({
      image: "registry/postgres@sha256:1",
      ports: [{ name: "postgresql", containerPort: 5432 }],
    });
  });

  test("is all that PodSecurity `restricted` asks for, with a root that cannot be written to", () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: "database",
      securityContext: { runAsNonRoot: true, runAsUser: 999, fsGroup: 999, seccompProfile: { type: "RuntimeDefault" } },
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "data-database-0" } },
        { name: "run", emptyDir: {} },
        { name: "tmp", emptyDir: {} },
      ],
    });
    expect(container).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      volumeMounts: [{ mountPath: "/var/lib/postgresql/data" }, { mountPath: "/var/run/postgresql" }, { mountPath: "/tmp" }],
    });
  });

  test("keeps its files in a folder of the volume, which no `lost+found` is in", () => {
    expect(at<object[]>(container, "env")).toContainEqual({ name: "PGDATA", value: "/var/lib/postgresql/data/pgdata" });
  });

  test("is asked over TCP, and given minutes for its start", () => {
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
      expect(at<string[]>(container, `${probe}.exec.command`)).toEqual(
        expect.arrayContaining(["pg_isready", "--host=127.0.0.1", "--username=keeper"]),
      );
    }
    const { periodSeconds, failureThreshold } = at<Record<string, number>>(container, "startupProbe");
    expect((periodSeconds ?? 0) * (failureThreshold ?? 0)).toBeGreaterThanOrEqual(180);
    expect(at<number>(pod, "terminationGracePeriodSeconds")).toBeGreaterThanOrEqual(30);
  });
});

describe("the password", () => {
  test("is generated, of characters that mean nothing in a URL", () => {
    expect(recording.inputs("random:index/randomPassword:RandomPassword", "database")).toMatchObject({
      length: 32,
      special: false,
    });
    // All of it is a secret of Pulumi's, as the password is.
    expect(at<Inputs>(recording.inputs(secret, "database"), "stringData.value")).toEqual({
      user: "keeper",
      database: "shop",
      password: expect.any(String),
    });
  });

  test("is in the Secret alone, from where the server and its callers have it", () => {
    const variables = at<{ name: string; value?: string; valueFrom?: object }[]>(container, "env");
    const from = (key: string) => ({ secretKeyRef: { name: "database-credentials", key } });
    expect(variables).toContainEqual({ name: "POSTGRES_PASSWORD", valueFrom: from("password") });
    expect(variables).toContainEqual({ name: "POSTGRES_USER", valueFrom: from("user") });
    expect(variables).toContainEqual({ name: "POSTGRES_DB", valueFrom: from("database") });
    expect(env).toEqual({
      PGHOST: "database.prod.svc.cluster.local",
      PGPORT: "5432",
      PGDATABASE: "shop",
      PGUSER: "keeper",
      PGPASSWORD: { secret: "database-credentials", key: "password" },
    });
  });

  test("is there before the server", () => {
    expect(recording.waits([set, "database"], [secret, "database"])).toBe(true);
  });
});
