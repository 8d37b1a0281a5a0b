import { UserError } from "./errors.ts";
import { CommandError } from "./process.ts";

/** What the kernel's refusals mean, and what to do. */
const refusals: Readonly<Record<string, string>> = {
  EACCES: "this user may not. Give the user the right, or run the command as the user who has it.",
  EBUSY: "something uses it. End that first.",
  EDQUOT: "the user's quota of disk space is used up. Free some space.",
  EEXIST: "something is there already. Move it away.",
  EINVAL: "the file system does not support that.",
  EIO: "the disk reports an error. Check the disk.",
  EISDIR: "it is a folder. Move it away.",
  EMFILE: "this process has too many open files. Raise the limit: ulimit -n 4096",
  ENFILE: "the machine has too many open files. Raise the limit: sysctl fs.file-max",
  ENOENT: "it is not there. Somebody may have removed it while the command ran.",
  ENOMEM: "the machine has no memory left. End other programs.",
  ENOSPC: "the disk is full. Free some space.",
  ENOTDIR: "a part of the path is a file. Move that away.",
  EPERM: "the machine does not allow it, not even to this user. A file with the attribute immutable is freed by chattr -i.",
  EROFS: "the file system is read-only. Mount it for writing, or use another place: XDG_CACHE_HOME is where caches go.",
};

/** What in a program's last words means something that the user can put right. */
const hints: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/no space left on device|disk quota exceeded/i, "The disk is full. Free some space."],
  [/cannot allocate memory|out of memory|signal: killed|SIGKILL/i, "The machine has too little memory. End other programs."],
  [/read-only file system/i, "A file system is read-only. Mount it for writing."],
  [/too many open files/i, "A limit of the machine is reached: ulimit -n, or sysctl fs.inotify.max_user_instances."],
  [
    /could not find a log line/i,
    "A node did not start in the 30 s that kind gives it: the machine is too busy. End other programs.",
  ],
  [/address already in use/i, "Another program has the port. `make status` and `ss -ltnp` show which."],
  [/proxyconnect|proxy.*refused|tunneling/i, "The proxy does not answer: look at HTTP_PROXY and HTTPS_PROXY."],
  [
    /no such host|could not resolve|name resolution|network is unreachable/i,
    "The network does not answer. Check the connection.",
  ],
  [/permission denied|operation not permitted/i, "The machine does not allow that to this user."],
];

/**
 * What a command tells of an error: one message with what to do. Only an error of the project's own code, which no user can put
 * right, shows its stack, behind a sentence that says so.
 */
export function messageOf(error: unknown): string {
  return expectedMessage(error) ?? `${bug}\n${error instanceof Error ? (error.stack ?? String(error)) : String(error)}`;
}

const bug = "This is a bug of the project, and not of your settings or your machine. Please report it with these lines:";

/** The same for what can happen to a program without a bug; undefined for anything else. */
export function expectedMessage(error: unknown): string | undefined {
  if (error instanceof UserError) return error.message;
  if (error instanceof CommandError) return `${error.message}\n${adviceOf(error.output)} Then run the same command again.`;
  return isRefusal(error) ? fileMessage(error) : undefined;
}

function adviceOf(said: string): string {
  return (
    hints.find(([pattern]) => pattern.test(said))?.[1] ??
    "Put right what these words name; docs/troubleshoot.md tells where to look."
  );
}

/** Whether a file system, or whatever else the kernel manages, refused something. */
function isRefusal(error: unknown): error is NodeJS.ErrnoException {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof syscall === "string" && typeof code === "string" && code in refusals;
}

function fileMessage({ code = "", syscall, path }: NodeJS.ErrnoException): string {
  const of = path === undefined ? "" : ` of ${path}`;
  return `The machine refused \`${syscall}\`${of} (${code}): ${refusals[code]} Then run the same command again.`;
}
