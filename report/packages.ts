/*
 * What tests use of this folder's packages: Node.js finds them from here, and from nowhere else.
 */

export type { AxeResults } from "axe-core";
export { parseHTML } from "linkedom";
