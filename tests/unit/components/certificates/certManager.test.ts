import { describe, expect, test } from "vitest";
import { CertManager, type CertManagerArgs, certManagerAccount } from "../../../../components/certificates/CertManager.ts";
import { secretNames } from "../../../../components/certificates/certificates.ts";
import { createCertificates } from "../../../../components/certificates/createCertificates.ts";
import type { Tls } from "../../../../model/gatewaySettings.ts";
import { certManagerRelease, certManagerType as release } from "../../../lib/certManagerPackage.ts";
import { at, record } from "../../../lib/mocks.ts";
import { recordStack } from "../../../lib/stacks.ts";

const certificate = "kubernetes:cert-manager.io/v1:Certificate";
const clusterIssuer = "kubernetes:cert-manager.io/v1:ClusterIssuer";
const secret = "kubernetes:core/v1:Secret";

const image = (name: string) => ({
  registry: "mirror.test:5000",
  repository: `jetstack/${name}`,
  tag: "v1",
  digest: "sha256:00",
});
const images = {
  certManagerController: image("controller"),
  certManagerWebhook: image("webhook"),
  certManagerCainjector: image("cainjector"),
  certManagerStartupapicheck: image("startupapicheck"),
  certManagerAcmesolver: image("acmesolver"),
};
const chart = { chart: "cert-manager", repository: "https://charts.test", version: "v1.2.3", values: {} };
const hosts = ["shop.example.com"];
const dns = { email: "ops@example.com", hostedZone: "Z0123456789" };

/** What a configuration registers for two gateways. */
async function recordCertificates(tls: Omit<Tls, "plaintext">, region?: string) {
  const authorities: unknown[] = [];
  const outputs = { [secret]: { data: { "ca.crt": Buffer.from("the-authority").toString("base64") } } };
  const recording = await record(
    () => {
      const certificates = createCertificates("tls", { tls, chart, images, region }, {});
      for (const gateway of ["kong", "istio"]) certificates.issue(gateway, `${gateway}-namespace`, {});
      certificates.authority?.apply((authority) => authorities.push(authority));
    },
    { outputs },
  );
  return { ...recording, authorities };
}

/** The release that the package makes of what it is handed. */
async function releaseOf(changes: Partial<CertManagerArgs> = {}) {
  const { inputs } = await record(() => new CertManager("manager", { chart, images, ...changes }));
  return certManagerRelease(inputs(release, "manager-release"));
}

describe("cert-manager", () => {
  test("is installed in a namespace of its own, which allows no privilege, at one version, and waited for", async () => {
    const { inputs } = await record(() => new CertManager("manager", { chart, images }));
    expect(inputs("kubernetes:core/v1:Namespace", "manager")).toMatchObject({
      metadata: {
        name: "cert-manager",
        labels: { "pod-security.kubernetes.io/enforce": "restricted", "istio-injection": "disabled" },
      },
    });
    expect(await releaseOf()).toMatchObject({
      name: "cert-manager",
      namespace: "cert-manager",
      chart: "cert-manager",
      version: "v1.2.3",
      repositoryOpts: { repo: "https://charts.test" },
      createNamespace: false,
      atomic: true,
      timeout: 300,
    });
  });

  test("has all its values in the release that arrives: its kinds, its account, its lease, and every image from where it is", async () => {
    const from = (name: string) => ({
      image: { repository: `mirror.test:5000/jetstack/${name}`, tag: "v1", digest: "sha256:00" },
    });
    expect((await releaseOf()).values).toEqual({
      crds: { enabled: true, keep: false },
      enableCertificateOwnerRef: true,
      serviceAccount: { create: true, name: certManagerAccount.name },
      global: { leaderElection: { namespace: certManagerAccount.namespace } },
      ...from("controller"),
      webhook: from("webhook"),
      cainjector: from("cainjector"),
      startupapicheck: from("startupapicheck"),
      acmesolver: from("acmesolver"),
    });
  });

  test("a chart in a folder has neither repository nor version; what its source sets decides", async () => {
    const values = { crds: { keep: true }, webhook: { replicaCount: 2 } };
    const made = await releaseOf({ chart: { chart: "/charts/cert-manager", values } });
    expect(made).toMatchObject({
      chart: "/charts/cert-manager",
      repositoryOpts: { repo: "" },
      values: { crds: { enabled: true, keep: true }, webhook: { replicaCount: 2, image: { tag: "v1" } } },
    });
    expect(made).not.toHaveProperty("version");
  });

  test("a chart in a registry is found by its whole address: no other repository is looked into", async () => {
    const made = await releaseOf({ chart: { chart: "oci://mirror.test/charts/cert-manager", version: "v1.2.3", values: {} } });
    expect(made).toMatchObject({ chart: "oci://mirror.test/charts/cert-manager", repositoryOpts: { repo: "" } });
  });
});

describe("an authority of the cluster's own", () => {
  const tls = { hosts, issuer: "ca" } as const;

  test("signs itself, keeps its key for good, and is what the issuer signs with", async () => {
    const { inputs } = await recordCertificates(tls);
    expect(inputs(clusterIssuer, "tls-bootstrap")).toMatchObject({
      metadata: { name: "mesh-bootstrap" },
      spec: { selfSigned: {} },
    });
    expect(inputs(certificate, "tls-authority")).toMatchObject({
      metadata: { name: "mesh-authority", namespace: "cert-manager", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
      spec: {
        isCA: true,
        secretName: "mesh-authority",
        duration: "87600h",
        renewBefore: "8760h",
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Never" },
        issuerRef: { name: "mesh-bootstrap", kind: "ClusterIssuer" },
      },
    });
    expect(inputs(clusterIssuer, "tls")).toMatchObject({
      metadata: { name: "mesh" },
      spec: { ca: { secretName: "mesh-authority" } },
    });
  });

  test("is told to whoever has to trust it", async () => {
    expect((await recordCertificates(tls)).authorities).toEqual(["the-authority"]);
  });

  test("its parts wait for cert-manager and for each other, and so go before it", async () => {
    const { waits } = await recordCertificates(tls);
    const order = [
      [release, "cert-manager-release"],
      [clusterIssuer, "tls-bootstrap"],
      [certificate, "tls-authority"],
      [clusterIssuer, "tls"],
      [certificate, "istio-certificate"],
    ] as const;
    for (const [index, later] of order.entries()) {
      const earlier = order[index - 1];
      if (earlier) expect([later, earlier, waits(later, earlier)]).toEqual([later, earlier, true]);
    }
  });
});

test("a certificate lies in each gateway's own namespace, with another key each time, and is waited for", async () => {
  const { inputs, all } = await recordCertificates({ hosts, issuer: "ca" });
  expect(inputs(certificate, "istio-certificate")).toMatchObject({
    metadata: { name: "tls-secret-ca", namespace: "istio-namespace", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
    spec: {
      secretName: "tls-secret-ca",
      dnsNames: hosts,
      duration: "2160h",
      renewBeforePercentage: 33,
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
      issuerRef: { name: "mesh", kind: "ClusterIssuer", group: "cert-manager.io" },
    },
  });
  expect(all(certificate).map(({ name }) => name)).toEqual(expect.arrayContaining(["kong-certificate", "istio-certificate"]));
});

describe("a public authority", () => {
  test("is Let's Encrypt, shown whose the hosts are by records in Route 53", async () => {
    const { inputs, all, authorities } = await recordCertificates({ hosts, issuer: "acme", ...dns }, "us-west-2");
    expect(inputs(clusterIssuer, "tls")).toMatchObject({
      metadata: { name: "mesh", annotations: { "pulumi.com/waitFor": "condition=Ready" } },
      spec: {
        acme: {
          email: dns.email,
          server: "https://acme-v02.api.letsencrypt.org/directory",
          privateKeySecretRef: { name: "mesh-acme-account" },
          solvers: [{ dns01: { route53: { hostedZoneID: dns.hostedZone, region: "us-west-2" } } }],
        },
      },
    });
    expect(all(clusterIssuer)).toHaveLength(1);
    expect(authorities).toEqual([]);
  });

  test("or another one; cert-manager knows by itself who it is and where", async () => {
    const { inputs } = await recordCertificates({ hosts, issuer: "acme", ...dns, server: "https://acme.test/directory" });
    expect(at<object>(inputs(clusterIssuer, "tls"), "spec.acme")).toMatchObject({ server: "https://acme.test/directory" });
    expect(at<object>(inputs(clusterIssuer, "tls"), "spec.acme.solvers.0.dns01.route53")).toEqual({
      hostedZoneID: dns.hostedZone,
    });
  });
});

test("an authority of the stack's own takes nothing of cert-manager", async () => {
  const { resources } = await recordCertificates({ hosts, issuer: "self-signed" });
  expect(resources.filter(({ type }) => type.includes("cert-manager"))).toEqual([]);
  expect(resources.map(({ type }) => type)).toContain("mesh:certificate:SelfSigned");
});

describe("another issuer", () => {
  const made = async (issuer: Tls["issuer"]) => {
    let secretName = "";
    const { all } = await record(() => {
      const certificates = createCertificates(
        "tls",
        { tls: { hosts, issuer, ...(issuer === "acme" && dns) }, chart, images },
        {},
      );
      certificates.issue("kong", "kong", {});
      ({ secretName } = certificates);
    });
    const secrets = all(secret).filter(({ inputs }) => inputs.type === "kubernetes.io/tls");
    const written = [
      ...secrets.map(({ inputs }) => at<string>(inputs, "metadata.name")),
      ...all(certificate).map(({ inputs }) => at<string>(inputs, "spec.secretName")),
    ];
    expect(written).toContain(secretName);
    return secretName;
  };

  test("has another Secret, so that the one that is served stays until gateways have changed over", async () => {
    const names = [await made("self-signed"), await made("ca"), await made("acme")];
    expect(new Set(names).size).toBe(3);
    // `ca` and `acme` are one resource to Pulumi, and what the program names goes first unless it says otherwise.
    const { options } = await recordStack("dev", { "mesh:tls": { hosts, issuer: "ca" } });
    expect(options(certificate, "kong-certificate").deleteBeforeReplace).toBe(false);
    expect(options("kubernetes:networking.istio.io/v1:Gateway", "ingress-listener").deleteBeforeReplace).toBe(true);
    expect(options("kubernetes:apps/v1:Deployment", "product-product-v1").deleteBeforeReplace).toBeUndefined();
  });

  test.each(["self-signed", "ca"])("of a whole stack leads both gateways to the same Secret: %s", async (issuer) => {
    const { inputs, all } = await recordStack("dev", { "mesh:tls": { hosts, issuer } });
    const known = secretNames[issuer as keyof typeof secretNames];
    const servers = at<object[]>(inputs("kubernetes:networking.istio.io/v1:Gateway", "ingress-listener"), "spec.servers");
    expect(servers.map((server) => at(server, "tls.credentialName")).filter(Boolean)).toEqual([known]);
    const tls = all("kubernetes:networking.k8s.io/v1:Ingress").flatMap(
      ({ inputs }) => at<object[] | undefined>(inputs, "spec.tls") ?? [],
    );
    expect(tls.map((entry) => at(entry, "secretName"))).toEqual([known]);
  });
});
