const { default: Sequencer } = require("@jest/test-sequencer");

/** Runs the test files in the order of their names: up first, down last. */
module.exports = class InOrder extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => a.path.localeCompare(b.path));
  }
};
