import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { consoleProgress } from "../../../lib/progress.ts";

/** A stream that remembers what was written, as a terminal of so many columns or as a file. */
function streamOf(columns?: number) {
  const stream = new PassThrough();
  let written = "";
  stream.on("data", (chunk: Buffer) => {
    written += chunk.toString();
  });
  const asked = Object.assign(stream, columns ? { isTTY: true, columns } : {}) as unknown as NodeJS.WriteStream;
  return { progress: consoleProgress(asked), lines: () => written.replaceAll("\r\x1b[K", "\n").split("\n").filter(Boolean) };
}

const minute = 60_000;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const lasting = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

describe("without a terminal", () => {
  test("a step says that it begins, what it is at each 15 s where that is new, and that it has ended", async () => {
    const { progress, lines } = streamOf();
    const step = progress.step("Build", async (detail) => {
      detail("a third");
      await lasting(40_000);
    });
    await vi.advanceTimersByTimeAsync(minute);
    await step;
    expect(lines()).toEqual(["… Build", "… Build: a third (15.0 s)", "✓ Build (40.0 s)"]);
  });

  test("what is inside of a step is indented, what runs beside it is not", async () => {
    const { progress, lines } = streamOf();
    const cluster = progress.step("Cluster", async () => {
      await lasting(1_000);
      progress.note("nodes run");
      await progress.step("Images", () => lasting(1_000));
    });
    const pulumi = progress.step("Pulumi", () => lasting(1_500));
    await vi.advanceTimersByTimeAsync(minute);
    await Promise.all([cluster, pulumi]);
    expect(lines()).toEqual([
      "… Cluster",
      "… Pulumi",
      "  · nodes run",
      "  … Images",
      "✓ Pulumi (1.5 s)",
      "  ✓ Images (1.0 s)",
      "✓ Cluster (2.0 s)",
    ]);
  });

  test("a step that fails says so, and fails", async () => {
    const { progress, lines } = streamOf();
    await expect(progress.step("Build", () => Promise.reject(new Error("broke")))).rejects.toThrow("broke");
    expect(lines()).toEqual(["… Build", "✗ Build (0.0 s)"]);
  });
});

describe("on a terminal", () => {
  test("one line tells what goes on: the innermost step, and of several side by side each in turn", async () => {
    const { progress, lines } = streamOf(40);
    const cluster = progress.step("Cluster", () => progress.step("Images", () => lasting(20_000)));
    const pulumi = progress.step("Pulumi", (detail) => {
      detail("many packages, of which all are compiled");
      return lasting(20_000);
    });
    await vi.advanceTimersByTimeAsync(8_500);
    const shown = lines();
    expect(new Set(shown.map((line) => line.replace(/\(.*/, "").trim()))).toEqual(
      new Set(["… Images", "… Pulumi: many packages, of which all a"]),
    );
    await vi.advanceTimersByTimeAsync(minute);
    await Promise.all([cluster, pulumi]);
    expect(lines().at(-1)).toBe("✓ Pulumi (20.0 s)");
  });
});
