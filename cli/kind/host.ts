import type { KindSpec } from "./spec.ts";

export async function removeHostTraces(_spec: KindSpec): Promise<void> {}
