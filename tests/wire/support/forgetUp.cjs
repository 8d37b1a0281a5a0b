const { rmSync } = require("node:fs");
const { join } = require("node:path");
const process = require("node:process");

const leftUp = join(__dirname, "../../../.state", `wire-left-up-${process.env.MESH_STACK ?? "local"}`);

/** Has the next file bring the stack up again where one failed, and the first one anyway (see `haveUp`). */
module.exports = class ForgetUp {
  onRunStart() {
    rmSync(leftUp, { force: true });
  }

  onTestResult(_test, { numFailingTests, testExecError }) {
    if (numFailingTests > 0 || testExecError) rmSync(leftUp, { force: true });
  }
};
