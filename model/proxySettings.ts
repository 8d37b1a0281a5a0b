/** What a proxy is told when it starts. A change holds for pods that start after it, and so rolls them. */
export interface ProxySettings {
  /**
   * How long the certificate of a proxy is good for, from `1m` to `2160h`, in minutes (`m`) or hours (`h`). It is replaced when
   * half of that has passed, without a connection being closed.
   * @default 24h
   */
  readonly certificateLifetime: string;
  /**
   * How long a connection lives on under the settings it was opened with, in whole seconds from `1s` to `600s`. Whoever is
   * connected when a policy is tightened may ask once more within that time. Then the connection is closed, and requests
   * that are still under way on it fail, unless their caller's proxy repeats them: any change to the policies of a workload, or to
   * the listeners of a gateway, cuts off what takes longer.
   * @default 1s, with which a revocation holds within two seconds
   */
  readonly drain: string;
}

export const defaultProxySettings: ProxySettings = { certificateLifetime: "24h", drain: "1s" };
