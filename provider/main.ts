import { endWithParent } from "../cli/support/main.ts";
import { applyProxyExceptions } from "../lib/httpProxies.ts";
import type { Progress } from "../lib/progress.ts";
import { kindNodes } from "./kindNodes.ts";
import { loadedImages } from "./loadedImages.ts";
import { selfSigned } from "./selfSigned.ts";
import { serve } from "./server.ts";

/*
 * What Pulumi runs for the resources that are made on this machine. Most runs change none of them, so what does the work is loaded when
 * it is asked for.
 */

/** Pulumi shows a plugin's own words as remarks of the whole run, each for good: progress would be a hundred of them. */
const silent: Progress = { step: (_title, work) => work(() => {}), note: () => {} };

/** Whoever runs plain pulumi where nothing is built yet would see nothing but a cluster that is being made for minutes. */
async function tellOfBuild(): Promise<void> {
  const notice = (await import("../cli/support/firstBuild.ts")).buildNotice();
  if (notice) console.error(notice);
}

applyProxyExceptions();
endWithParent();
const { port } = await serve({
  "mesh:kind:Nodes": kindNodes({
    ensure: async (spec) => {
      if (spec.sources === "built") await tellOfBuild();
      return (await import("../cli/kind/kindCluster.ts")).ensureCluster(spec, silent);
    },
    read: async (spec) => (await import("../cli/kind/kindCluster.ts")).readCluster(spec),
    delete: async (spec) => (await import("../cli/kind/kindCluster.ts")).deleteCluster(spec, silent),
  }),
  "mesh:kind:LoadedImages": loadedImages(async (spec, references) =>
    (await import("../cli/kind/builtImages.ts")).loadBuiltImages(spec, references, silent),
  ),
  "mesh:certificate:SelfSigned": selfSigned(async (...args) => (await import("../cli/certificates/issue.ts")).issue(...args)),
});
// So Pulumi knows where to ask.
console.log(port);
