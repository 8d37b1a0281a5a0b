import { expect, test } from "vitest";
import { edgesOf, readyPods } from "../../../report/collect.ts";

const pod = (namespace: string, labels: Record<string, string>, ready: boolean, phase = "Running") => ({
  metadata: { namespace, name: "one-pod", labels },
  status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

test("pods count by workload, by whichever label names it, when they are ready", () => {
  expect(
    readyPods([
      pod("prod", { app: "backend", "k8s-app": "other" }, true),
      pod("prod", { app: "backend" }, true),
      pod("prod", { app: "backend" }, false),
      pod("prod", { app: "frontend" }, false),
      pod("prod", { app: "job" }, false, "Succeeded"),
      pod("kube-system", { "k8s-app": "kube-dns" }, true),
      pod("kube-system", { component: "etcd" }, true),
      pod("kube-system", {}, true),
    ]),
  ).toEqual({
    "prod/backend": 2,
    "prod/frontend": 0,
    "kube-system/kube-dns": 1,
    "kube-system/etcd": 1,
    "kube-system/one-pod": 1,
  });
});

test("of the matrix, what is allowed is an edge, in words", () => {
  const [from, to] = ["a/b", "c/d"];
  expect(
    edgesOf({
      callers: [from, to],
      callees: [
        { name: to, protocol: "http", port: 80 },
        { name: "e/f", protocol: "tcp", port: 5432 },
        { name: "e/f", protocol: "grpc", port: 9090 },
        { name: "e/f", protocol: "tls", port: 443 },
      ],
      allowed: [
        { from, to, port: 80, operations: [{ methods: ["GET", "HEAD"], paths: ["/api", "/x"] }, {}] },
        { from, to: "e/f", port: 5432, operations: [{}] },
        { from, to: "e/f", port: 9090, operations: [{ paths: ["/shop.Catalog"] }] },
        { from, to: "e/f", port: 443, operations: [{}] },
      ],
    }),
  ).toEqual([
    { from, to, what: "GET, HEAD /api, /x; any method /" },
    { from, to: "e/f", what: "port 5432" },
    { from, to: "e/f", what: "any method /shop.Catalog" },
    { from, to: "e/f", what: "port 443" },
  ]);
});
