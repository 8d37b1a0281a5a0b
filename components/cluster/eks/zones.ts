import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Zones in which EKS cannot place its control plane. */
const withoutEks = ["use1-az3", "usw1-az2", "cac1-az3"];

/**
 * Names of the first availability zones of the region that are open to everybody and have EKS.
 *
 * @throws pulumi.RunError when the region has fewer, or AWS does not answer.
 */
export async function availableZones(count: number): Promise<string[]> {
  const { names } = await zones().catch((error: Error) => {
    throw new pulumi.RunError(
      `AWS does not tell the zones of aws:region; is this machine logged in to AWS? It says: ${error.message}`,
    );
  });
  if (names.length >= count) return names.slice(0, count);
  throw new pulumi.RunError(
    `mesh:eks.network.zones is ${count}; allowed: at most ${names.length}, as many as this region has for EKS`,
  );
}

function zones(): Promise<aws.GetAvailabilityZonesResult> {
  return aws.getAvailabilityZones({
    state: "available",
    excludeZoneIds: withoutEks,
    // Local zones and the like have to be opted in to.
    filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
  });
}
