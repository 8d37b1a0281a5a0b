import { connect, createServer, type Socket } from "node:net";

/**
 * Runs work that no other process on this machine runs at the same time under the same name.
 *
 * The lock is a listening socket in Linux's abstract namespace: the kernel frees it when its holder ends in whatever way,
 * so no lock outlives a killed run, and who waits is woken at once.
 *
 * @param waiting - called once when another process holds the lock.
 */
export async function withLock<T>(name: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
  const address = `\0mesh-airgap:${name}`;
  let release = await tryListen(address);
  if (!release) waiting();
  while (!release) {
    await untilFree(address);
    release = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Takes the address, or resolves to undefined where somebody else has it. */
function tryListen(address: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const waiters = new Set<Socket>();
    const server = createServer((socket) => {
      waiters.add(socket);
      socket.on("error", () => {}).on("close", () => waiters.delete(socket));
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(
        () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of waiters) socket.destroy();
          }),
      );
    });
  });
}

/** Resolves when the holder ends: its side of the connection closes, or nobody listens any more. */
function untilFree(address: string): Promise<void> {
  return new Promise((resolve) => {
    connect(address)
      .on("error", () => {})
      .on("end", () => resolve())
      .on("close", () => resolve())
      .resume();
  });
}
