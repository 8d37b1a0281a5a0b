/*
 * What a program in a pod of the cluster can be told to do. Times are milliseconds since 1970 by the clock of its node.
 */

/** Where a connection goes, and what protects it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /**
   * Mutual TLS that the program speaks itself, past the proxy of its pod: with the pod's own certificate, or without one.
   * @default plaintext, which the proxy of a pod in the mesh encrypts
   */
  readonly tls?: "own" | "anonymous";
}

/** One request, or one connection where there is neither method nor path, sent as it is written. */
export interface Probe extends Target {
  readonly method?: string;
  readonly path?: string;
  /** Beside `connection` and `content-length`. @default the target as `host` */
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole request in place of all that, of any version of HTTP; it has to ask for the end of the connection. */
  readonly text?: string;
  /** Asked again for some seconds while nobody answers: a proxy that has just started may not know everybody yet. */
  readonly patient?: boolean;
}

/** What came back: a status, whether a database greeted, or why nothing came. */
export interface Seen {
  readonly status?: number;
  /** Whether it was a proxy that refused it, for want of a policy. */
  readonly denied?: boolean;
  readonly body?: string;
  readonly greeted?: boolean;
  readonly error?: string;
}

/** What a server presents in a TLS handshake, and how it takes a client without a certificate. */
export interface Presented {
  /** Subject alternative names, as `URI:…`. */
  readonly names: string;
  readonly serial: string;
  /** Seconds between its first and its last moment. */
  readonly lifetime: number;
  /** Whether an authority that is trusted here has signed it. */
  readonly trusted: boolean;
  /** Why the server ended the connection; undefined when it answered. */
  readonly refused: string | undefined;
}

/** A request on a connection that is kept open. */
export interface Asked {
  readonly at: number;
  /** 0 where no answer came. */
  readonly status: number;
  readonly ms: number;
  /** Whether the connection was there before. */
  readonly kept: boolean;
}

/** Where to ask what over connections that are kept open. */
export interface Kept {
  readonly targets: readonly Target[];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call of gRPC, or any request of HTTP/2 without TLS. */
export interface Call {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked again for some seconds while nobody is there: a proxy that has just started may not know everybody yet. */
  readonly patient?: boolean;
}

/** What came of it. */
export interface Called {
  /** Of HTTP; 0 where no answer came. */
  readonly status: number;
  /** Of gRPC, 0 when all is well; undefined where the answer says none. */
  readonly grpc?: number;
  /** One for each message, as text. */
  readonly messages: readonly string[];
}

/** One connection, and what to say on it first. */
export interface Conversation {
  readonly host: string;
  readonly port: number;
  readonly text: string;
  /** Whether the program speaks TLS itself, to whoever ends it. @default false */
  readonly secure?: boolean;
  /** As with {@link Call}. */
  readonly patient?: boolean;
}

/** What came back first; empty where the connection ended without a word. */
export interface Heard {
  readonly said: string;
  /** Names in the certificate that was shown. */
  readonly names?: string;
}

/** What the program can do; each is asked by its name. */
export interface Inside {
  clock(): Promise<number>;
  /** Each on a connection of its own. */
  call(calls: readonly Call[]): Promise<Called[]>;
  converse(conversations: readonly Conversation[]): Promise<Heard[]>;
  probe(probes: readonly Probe[]): Promise<Seen[]>;
  /** @param authority - PEM; whom to trust. */
  handshake(target: Target, authority: string): Promise<Presented>;
  /** Asks on one connection to each target, one request after the other, a pause of some ms between, until it is stopped. */
  keepBusy(kept: Kept, pause: number): Promise<void>;
  /** What came of those requests since they were last taken. */
  taken(): Promise<Asked[]>;
  stop(): Promise<void>;
  /** Opens one connection to each target and asks once, again and again until the answer is 200; then leaves it alone. */
  open(kept: Kept): Promise<void>;
  /** Asks once more on each of them, each at its own time, and closes them. */
  askOpened(times: readonly number[]): Promise<Asked[]>;
  /** Asks on one new connection to each target, all at once. */
  askAll(kept: Kept): Promise<Asked[]>;
}

export type Order = { readonly id: number; readonly what: keyof Inside; readonly args: readonly unknown[] };
export type Answer = { readonly id: number; readonly result?: unknown; readonly error?: string };

/** Where the certificate of the pod lies, as its proxy keeps it. */
export const certificates = "/var/run/wire";
