import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Image, writeArchive } from "../../../airgap/images/oci.ts";
import { output } from "../../../lib/process.ts";
import { tarOf, tarSize } from "../../../lib/tar.ts";
import {
  checkedOut,
  copyOf,
  folder as emptyFolder,
  file,
  link,
  program,
  type Tree,
  text,
  treeOf,
  without,
} from "../../../lib/tree.ts";
import { Folder } from "./support/folder.ts";

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder.remove());

async function bytes(tree: Tree): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tarOf(tree)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What the system's own tar makes of a tree: mode, owner, size and name of each entry. */
async function listed(tree: Tree): Promise<string[]> {
  writeFileSync(folder.at("tree.tar"), await bytes(tree));
  const lines = await output("tar", [
    "--list",
    "--verbose",
    "--numeric-owner",
    "--utc",
    "--full-time",
    "--file",
    folder.at("tree.tar"),
  ]);
  return lines.split("\n").map((line) => line.replace(/\s+/g, " ").replace(" 1970-01-01 00:00:00", ""));
}

describe("a layer", () => {
  test("is what tar reads back: folders before what is in them, links, modes, root as owner", async () => {
    const tree = await treeOf(text("/etc/a.conf", "four", 0o600), emptyFolder("/tmp", 0o1777), link("/lib", "usr/lib"));
    expect(await listed(tree)).toEqual([
      "drwxr-xr-x 0/0 0 etc/",
      "-rw------- 0/0 4 etc/a.conf",
      "lrwxrwxrwx 0/0 0 lib -> usr/lib",
      "drwxrwxrwt 0/0 0 tmp/",
    ]);
  });

  test("has long and foreign names whole", async () => {
    const long = `${"d".repeat(90)}/${"f".repeat(120)}`;
    const names = await listed(await treeOf(text(long, "x"), text("grün", "y"), link("to", `/${long}`)));
    expect(names.some((line) => line.endsWith(` ${long}`))).toBe(true);
    expect(names.some((line) => line.endsWith(` to -> /${long}`))).toBe(true);
  });

  test("has the same bytes in whatever order it was put together, and the size that was said before", async () => {
    const one = await treeOf(text("/b", "2"), text("/a/c", "1"));
    const other = await treeOf(text("/a/c", "1"), text("/b", "2"));
    expect((await bytes(one)).equals(await bytes(other))).toBe(true);
    expect(tarSize(one)).toBe((await bytes(one)).length);
  });

  test("takes a checkout as git has it, whatever the umask and the time", async () => {
    const layerOf = async (mode: number) => {
      const source = folder.at(`checkout-${mode}`);
      mkdirSync(source);
      writeFileSync(`${source}/script`, "#!/bin/sh\n");
      chmodSync(`${source}/script`, mode);
      return bytes(await treeOf(checkedOut(source, "/")));
    };
    const [group, own, plain] = [await layerOf(0o775), await layerOf(0o700), await layerOf(0o664)];
    expect(group.equals(own)).toBe(true);
    expect(group.equals(plain)).toBe(false);
  });

  test("leaves out what is refused or taken out again, with all that is below", async () => {
    mkdirSync(folder.at("root/usr/share/doc"), { recursive: true });
    writeFileSync(folder.at("root/usr/share/doc/readme"), "");
    writeFileSync(folder.at("root/usr/kept"), "");
    symlinkSync("kept", folder.at("root/usr/alias"));
    const refused = await treeOf(copyOf(folder.at("root"), "/", (path) => path !== "/usr/share"));
    const removed = await treeOf(copyOf(folder.at("root"), "/"), without("/usr/share"));
    expect([...refused.keys()].sort()).toEqual(["usr", "usr/alias", "usr/kept"]);
    expect([...removed.keys()].sort()).toEqual(["usr", "usr/alias", "usr/kept"]);
  });

  test("is refused when a file changes while it is read", async () => {
    writeFileSync(folder.at("file"), "short");
    const tree = await treeOf(file("/file", folder.at("file")));
    writeFileSync(folder.at("file"), "longer than before");
    await expect(bytes(tree)).rejects.toThrow("changed");
  });
});

describe("an archive", () => {
  const base = () => treeOf(text("/base", "shared by both"));
  const image = (reference: string, ...layers: Tree[]): Image => ({ reference, layers, config: { User: "65532:65532" } });

  test("has the same digest for the same content, another for other content", async () => {
    const digest = async (content: string) =>
      (await writeArchive(folder.at("one.tar"), [image("localhost/a:1", await treeOf(text("/f", content)))]))[0];
    expect(await digest("x")).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await digest("x")).toBe(await digest("x"));
    expect(await digest("x")).not.toBe(await digest("y"));
  });

  test("has a layer that two images share once, and every blob under its own hash", async () => {
    const shared = await base();
    writeFileSync(folder.at("tool"), "binary");
    const tool = await treeOf(program("/tool", folder.at("tool")));
    await writeArchive(folder.at("two.tar"), [image("localhost/a:1", shared), image("localhost/b:1", shared, tool)]);
    mkdirSync(folder.at("out"));
    await output("tar", ["--extract", "--file", folder.at("two.tar"), "--directory", folder.at("out")]);
    const blobs = (await output("ls", [folder.at("out/blobs/sha256")])).split("\n");
    for (const name of blobs) {
      expect(
        createHash("sha256")
          .update(readFileSync(folder.at("out/blobs/sha256", name)))
          .digest("hex"),
      ).toBe(name);
    }
    expect(blobs).toHaveLength(2 + 2 * 2); // two layers, and a manifest and a configuration for each image

    const index = JSON.parse(readFileSync(folder.at("out/index.json"), "utf8"));
    expect(
      index.manifests.map((entry: { annotations: Record<string, string> }) => entry.annotations["io.containerd.image.name"]),
    ).toEqual(["localhost/a:1", "localhost/b:1"]);
  });
});
