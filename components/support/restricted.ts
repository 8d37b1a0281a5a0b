/*
 * What PodSecurity `restricted` asks for, and more: a root file system that cannot be written to.
 */

/** The security context of a pod that runs as this user, who is not root, and this group. */
export const restrictedPod = (user: number, group = user) => ({
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: group,
  seccompProfile: { type: "RuntimeDefault" },
});

/** The security context of each of its containers. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
