/** The same promise: that it fails is told by whoever waits for it, who may begin to later. */
export function told<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
