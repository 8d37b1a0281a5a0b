/** How long nobody may notice yet that a proxy is leaving, in seconds; it serves on as if nothing were. */
export const withdrawal = { NodePort: 5, LoadBalancer: 60 } as const;
/** How long a leaving proxy then finishes what it has begun and sends clients elsewhere, in seconds. */
export const drain = 15;
