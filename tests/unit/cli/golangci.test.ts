import process from "node:process";
import { afterEach, expect, test, vi } from "vitest";
import { lintGo } from "../../../cli/test/golangci.ts";
import { silentProgress } from "../../lib/silentProgress.ts";

const { PATH } = process.env;
afterEach(() => {
  process.env.PATH = PATH;
});

test("where there is no Go, its code is not checked, and a line says so", async () => {
  process.env.PATH = "/nowhere";
  const note = vi.fn();
  expect(await lintGo({ ...silentProgress, note })).toBeUndefined();
  expect(note).toHaveBeenCalledWith(expect.stringContaining("Go on the PATH"));
});
