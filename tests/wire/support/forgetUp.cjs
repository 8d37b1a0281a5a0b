const { rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const leftUp = join(tmpdir(), "wire-left-up");

/** Has the next file bring the stack up again where one failed, and the first one anyway (see `haveUp`). */
module.exports = class ForgetUp {
  onRunStart() {
    rmSync(leftUp, { force: true });
  }

  onTestResult(_test, { numFailingTests, testExecError }) {
    if (numFailingTests > 0 || testExecError) rmSync(leftUp, { force: true });
  }
};
