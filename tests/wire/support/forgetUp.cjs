const { rmSync } = require("node:fs");
const { upMark } = require("../../lib/upMark.cjs");

/** Has the next file bring the stack up again where one failed, and the first one anyway (see `haveUp`). */
module.exports = class ForgetUp {
  onRunStart() {
    rmSync(upMark, { force: true });
  }

  onTestResult(_test, { numFailingTests, testExecError }) {
    if (numFailingTests > 0 || testExecError) rmSync(upMark, { force: true });
  }
};
