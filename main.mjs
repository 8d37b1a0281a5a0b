import { load } from "./lib/load.mjs";

/** What Pulumi runs: the program is index.ts, and what that exports are the stack's outputs. */
export default async () => ({ ...(await load("index.ts")) });
