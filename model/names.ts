/** Name of the claim of a database: the one that its StatefulSet would give it, and did where the claim is older than this program. */
export function claimOf(database: string): string {
  return `data-${database}-0`;
}
