import process from "node:process";

/* A worker whose run was killed would go on, and with it what it has started. */
if (process.listenerCount("disconnect") === 0) process.on("disconnect", () => process.exit(1));
