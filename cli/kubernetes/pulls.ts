import { setTimeout as pause } from "node:timers/promises";
import type { Kubectl } from "./kubectl.ts";
import { listPods, type Pod } from "./pods.ts";

/** What a container waits for whose image its node cannot get. */
const reasons = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "RegistryUnavailable"];

/** How long a node may fail to get an image before that is said, in milliseconds: a registry may be away for a moment. */
const toldAfter = 60_000;

/** How often to look, in milliseconds. */
const interval = 10_000;

/** Images that nodes try to get in vain, by what is seen of pods from time to time. */
export class Pulls {
  /** Since when each container waits. */
  private since = new Map<string, number>();
  private readonly told = new Map<string, string>();

  /** One sentence for each image that could not be had for a while, however many pods want it. */
  get failed(): readonly string[] {
    return [...this.told.values()];
  }

  /** Takes note of how pods are now, and returns the sentences that are new. */
  look(pods: readonly Pod[], now: number): string[] {
    const waiting = pods.flatMap(waitingContainers);
    this.since = new Map(waiting.map(({ container }) => [container, this.since.get(container) ?? now]));
    return waiting.flatMap(({ container, image, message }) => {
      if (this.told.has(image) || now - (this.since.get(container) ?? now) < toldAfter) return [];
      const sentence = `The image ${image} cannot be pulled, for ${container}: ${message}`;
      this.told.set(image, sentence);
      return [sentence];
    });
  }
}

function waitingContainers({ metadata: { namespace, name }, status }: Pod) {
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap((container) => {
    const { reason = "", message = reason } = container.state?.waiting ?? {};
    if (!reasons.includes(reason)) return [];
    return [{ container: `${namespace}/${name}`, image: container.image, message: message.slice(0, 300) }];
  });
}

/**
 * Watches a cluster's pods while something waits for them that says nothing of images, as Helm does.
 *
 * @param say - gets each sentence once.
 * @param work - what waits.
 * @returns what came of it, and all sentences.
 */
export async function watchingPulls<T>(
  kubectl: Kubectl,
  say: (sentence: string) => void,
  work: () => Promise<T>,
): Promise<{ result: T; failed: readonly string[] }> {
  const pulls = new Pulls();
  const end = new AbortController();
  const watch = async () => {
    for (;;) {
      await pause(interval, undefined, { signal: end.signal });
      for (const sentence of pulls.look(await listPods(kubectl), Date.now())) say(sentence);
    }
  };
  // It ends with the work; what it cannot see it does not tell.
  watch().catch(() => {});
  try {
    return { result: await work(), failed: pulls.failed };
  } finally {
    end.abort();
  }
}
