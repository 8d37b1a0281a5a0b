const { join } = require("node:path");
const process = require("node:process");

/** The file that is there from a `make up` that ended well until something is done to the stack, or a test fails. */
exports.upMark = join(__dirname, "../../.state", `wire-left-up-${process.env.MESH_STACK ?? "local"}`);
