import { join } from "node:path";
import { readJson, writeJson } from "../lib/jsonFile.ts";
import type { Run } from "../lib/lastRuns.ts";
import { stateDir } from "../lib/paths.ts";

/*
 * What wire tests and benchmarks leave for the report: one file for each topic, with the command that repeats it.
 * Times are milliseconds where a name says no other unit; `at` is seconds since the run of its test began.
 */

/** A request that was tried, and what was declared of it. */
export interface MatrixProbe {
  /** Account, as `namespace/name`. */
  readonly from: string;
  /** Workload, as `namespace/name`. */
  readonly to: string;
  /** `GET /path`, as it was sent, or `connect` for a port that knows no requests. */
  readonly request: string;
  readonly allowed: boolean;
  /** What came back: a status, `greeted`, or an error. */
  readonly seen: string;
  /** Whether it came back as declared. */
  readonly held: boolean;
}

/** How many requests each version answered within one slice of time, and how many nobody did. */
export interface Slice {
  readonly at: number;
  readonly answered: Readonly<Record<string, number>>;
  readonly failed: number;
}

/** Something that happened at a time. */
export interface Mark {
  readonly at: number;
  readonly what: string;
}

/** A histogram, its percentiles interpolated within its buckets. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Ascending upper bounds, each with the share (0–1) of samples at or below it. */
  readonly cumulative: readonly (readonly [upTo: number, share: number])[];
}

/** A value measured in several rounds. */
export interface Rounds {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: readonly number[];
}

/** The median of several rounds, and between what the true one lies at 95 %. */
export interface Estimate {
  readonly median: number;
  readonly from: number;
  readonly to: number;
}

/** How a request reaches the service: from a pod of the same side, or from one without a mesh through the side's gateway. */
export type BaselineWay = "direct" | "gateway";

/** Without a mesh, with Istio as its charts install it, and declared to the platform. */
export type Side = "plain" | "istio" | "platform";

/** What takes processor time for a request. */
export type Part = "client" | "clientProxy" | "gateway" | "service" | "serviceProxy";

/** What is measured of each, beside its unit. */
export const baselineValues = {
  p50: "p50, ms",
  p99: "p99, ms",
  rate: "most requests a second",
  busy: "ms of a core for 1,000 requests",
  memory: "MB of each proxy",
  opened: "connections opened for 1,000 requests",
} as const;
export type BaselineValue = keyof typeof baselineValues;

export interface BaselineSide {
  readonly side: Side;
  /** Without a mesh there are no proxies that hold memory. */
  readonly values: Readonly<Partial<Record<BaselineValue, Rounds>>>;
  /** Milliseconds of a core for 1,000 requests, by part. */
  readonly cost: Readonly<Partial<Record<Part, Rounds>>>;
  /** The times of all rounds. */
  readonly times: Distribution;
}

export interface Records {
  /** Shares of 2,000 requests and more at each split. */
  canary: {
    readonly splits: readonly {
      /** Of v2, in percent. */
      readonly weight: number;
      readonly connections: "kept" | "new";
      readonly requests: number;
      readonly v2: number;
      readonly failed: number;
      /** Bounds of `v2`, at 99.9 % for all splits together. */
      readonly least: number;
      readonly most: number;
    }[];
  };
  /** Weights moved in steps under load. */
  shifting: {
    /** One mark for each step: `50 %`. */
    readonly marks: readonly Mark[];
    readonly slices: readonly Slice[];
    readonly requests: number;
    readonly failed: number;
    /** From the API server's answer to a write until the last proxy has it. */
    readonly convergence: readonly number[];
  };
  /** One pod of three fails, is ejected, and comes back: answers by pod, one slice a second. */
  ejection: {
    readonly failing: string;
    readonly slices: readonly Slice[];
    readonly marks: readonly Mark[];
    /** Seconds. */
    readonly interval: number;
    readonly baseTime: number;
  };
  /** Every probe of the matrix. */
  matrix: { readonly probes: readonly MatrixProbe[] };
  /** From the write of a tightened policy until the last request that was still allowed. */
  revocation: {
    readonly busy: readonly number[];
    readonly idle: readonly number[];
    /** What a shorter drain costs, in a sentence with its numbers. */
    readonly cost: string;
  };
  /** Faults under load, in the order they were tried; each test adds its own by `recordFault`. */
  faults: {
    readonly [fault: string]: {
      readonly requests: number;
      readonly failed: number;
      /** Whether the promise is that none fails. */
      readonly none: boolean;
      /** Seconds until all was well again; left out where nothing was ever amiss. */
      readonly recovered?: number;
    };
  };
  /** What runs, for the picture of the architecture: pods that are ready, by `namespace/app`. */
  platform: {
    readonly stack: string;
    readonly nodes: number;
    readonly pods: Readonly<Record<string, number>>;
    /** As `namespace/name → namespace/name`, with what is allowed: the declared edges. */
    readonly edges: readonly { readonly from: string; readonly to: string; readonly what: string }[];
    /** Megabytes of all nodes, where they are on this machine. */
    readonly memory?: number;
  };
  /** A request to the same service without a mesh, with Istio as its charts install it, and declared to the platform. */
  baseline: {
    readonly ways: readonly {
      readonly way: BaselineWay;
      /** Requests a second at which times were taken, and connections were counted. */
      readonly rate: number;
      readonly sides: readonly BaselineSide[];
      /** How many times as much the platform takes as Istio by itself, within each round. */
      readonly ratios: Readonly<Record<BaselineValue, Estimate>>;
    }[];
  };
  /** One sidecar and the control plane at several sizes of the mesh. */
  growth: {
    readonly sizes: readonly {
      readonly services: number;
      readonly scoped: boolean;
      /** Megabytes that one idle sidecar's Envoy has allocated. */
      readonly sidecar: Rounds;
      /** Megabytes of its whole container, which holds Istio's agent too. */
      readonly container: Rounds;
      /** Of one change of a route, from when istiod begins with it until the sidecar has been sent it. */
      readonly push: Rounds;
    }[];
  };
  /** The program at several sizes. */
  program: {
    readonly sizes: readonly {
      readonly services: number;
      readonly resources: number;
      /** Seconds of a preview, nothing being there yet. */
      readonly preview: Rounds;
      /** Seconds of an update from nothing, with Pulumi's state written once, at its end. */
      readonly up: Rounds;
      /** The same with the whole state written after each step, as Pulumi does unless told otherwise; left out where it takes minutes. */
      readonly upWriting?: Rounds;
      /** Megabytes of the program's process, at most. */
      readonly memory: Rounds;
    }[];
    /** Least squares: for each further service. */
    readonly slope: { readonly preview: number; readonly up: number; readonly memory: number };
  };
  /** The last `make up` that made a cluster, and the last that did not. */
  timeline: { readonly runs: readonly Run[] };
  start: {
    /** `make up` from nothing, by step. */
    readonly steps: readonly { readonly step: string; readonly seconds: Rounds }[];
    /** What somebody types and waits for, and the least that it stands on. */
    readonly commands: readonly {
      readonly command: string;
      readonly seconds: Rounds;
      readonly floor?: { readonly name: string; readonly seconds: Rounds };
    }[];
  };
}

export type Topic = keyof Records;

/** A record as it lies on disk. */
export interface Recorded<T extends Topic> {
  /** When it was made. */
  readonly date: string;
  /** What makes it again. */
  readonly command: string;
  readonly data: Records[T];
}

const fileOf = (topic: Topic) => join(stateDir, "report", `${topic}.json`);

/** Writes a record, in place of the last one of its topic. */
export async function record<T extends Topic>(topic: T, command: string, data: Records[T]): Promise<void> {
  const recorded: Recorded<T> = { date: new Date().toISOString(), command, data };
  await writeJson(fileOf(topic), recorded);
}

/** The last record of a topic, or undefined where nobody has made one yet. */
export async function lastRecord<T extends Topic>(topic: T): Promise<Recorded<T> | undefined> {
  return (await readJson(fileOf(topic))) as Recorded<T> | undefined;
}

/** Adds one fault to those recorded before. */
export async function recordFault(fault: string, of: Records["faults"][string]): Promise<void> {
  const before = (await lastRecord("faults"))?.data ?? {};
  await record("faults", "make wire T=4-", { ...before, [fault]: of });
}
