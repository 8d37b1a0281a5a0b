import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectDir } from "../lib/paths.ts";
import { withPage } from "../tests/lib/browser.ts";
import { drawable, lastRecords, reportFile, writeReport } from "./report.ts";

/*
 * Shoots the README's pictures, for screens of two dots a pixel, from the report of the last records: `node --import tsx report/pictures.ts`.
 */

/** The pictures by the topics they show; each topic's first one is shot, with its heading and its caption. */
const pictures = { shifting: "canary-shifting.png", matrix: "matrix.png" } as const;

const { records } = await drawable(await lastRecords());
await writeReport(records);
const folder = join(projectDir, "docs", "pictures");
await mkdir(folder, { recursive: true });
await withPage(
  async (page) => {
    await page.goto(pathToFileURL(reportFile).href);
    await page.addStyleTag({ content: "html { zoom: 2; } figure { padding: 4px 12px; } figure h3 { margin-top: 4px; }" });
    for (const [topic, name] of Object.entries(pictures)) {
      if (!records[topic as keyof typeof pictures]) throw new Error(`Nobody has recorded ${topic} yet.`);
      await page
        .locator(`#${topic} figure`)
        .first()
        .screenshot({ path: join(folder, name) });
      console.log(join("docs", "pictures", name));
    }
  },
  { width: 2_000 },
);
