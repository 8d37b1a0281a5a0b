import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** A folder of its own for one test. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "airgap-test-"));

  /** Path of something in it. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** A shell script under the name of a program, found first on the PATH that is returned. */
  program(name: string, script: string, folder = "bin"): string {
    const bin = this.at(folder);
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
    return [bin, process.env.PATH].join(delimiter);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
