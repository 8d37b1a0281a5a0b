import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { SelfSigned } from "../../../../components/certificates/SelfSigned.ts";
import { SelfSignedCertificate } from "../../../../components/certificates/SelfSignedCertificate.ts";
import { record } from "../../../lib/mocks.ts";

const hosts = ["shop.example.com", "*.example.org"];

describe("the component", () => {
  const secret = "kubernetes:core/v1:Secret";
  const base64 = (text: string) => Buffer.from(text).toString("base64");

  test("puts certificate and key into each namespace as the Secret that gateways ask for", async () => {
    const { inputs, all } = await record(() => {
      const own = new SelfSigned("own", { hosts });
      own.issue("a", "namespace-a", {});
      own.issue("b", "namespace-b", {});
    });
    expect(inputs("mesh:certificate:SelfSigned", "own")).toMatchObject({ hosts });
    expect(inputs(secret, "a-certificate")).toMatchObject({
      metadata: { name: "tls-secret", namespace: "namespace-a" },
      type: "kubernetes.io/tls",
      // As a secret, wrapped.
      data: { value: { "tls.crt": base64("the-certificate"), "tls.key": base64("the-key") } },
    });
    expect(all(secret).map(({ name }) => name)).toEqual(["a-certificate", "b-certificate"]);
  });

  test("says which authority to trust", async () => {
    const made: SelfSigned[] = [];
    await record(() => made.push(new SelfSigned("own", { hosts })));
    expect(await new Promise((resolve) => made[0]?.authority.apply(resolve))).toBe("the-authority");
  });

  test("keeps both keys as secrets of the stack", async () => {
    const options: pulumi.CustomResourceOptions[] = [];
    const transformations: pulumi.ResourceTransformation[] = [
      ({ opts }) => {
        options.push(opts);
        return undefined;
      },
    ];
    await record(() => new SelfSignedCertificate("own", { hosts }, { transformations }));
    expect(options.map(({ additionalSecretOutputs }) => additionalSecretOutputs)).toEqual([["key", "authorityKey"]]);
  });
});
