/*
 * What PodSecurity `restricted` asks for, and more: a root file system that cannot be written to.
 */

/** Any user but root; images need not know it. */
export const anyUser = 10_001;

/** The security context of a pod that runs as this user and group, who is not root. */
export const restrictedPod = (user: number) => ({
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: user,
  seccompProfile: { type: "RuntimeDefault" },
});

/** The security context of each of its containers. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
