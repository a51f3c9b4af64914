/** The two ways to have a worker: a process of its own, or a thread of this one. */

import { fork } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { LeftGroups } from "./left-groups.ts";
import type { Order, Report } from "./messages.ts";

export interface Link {
  /** @throws when an order cannot be cloned; then none of them was sent. */
  post(orders: readonly Order[]): void;
  /** Ends it at once, with what it has started. */
  kill(): void;
  /** It is through. */
  dismiss(): void;
}

export interface LinkEvents {
  onReports(reports: readonly Report[]): void;
  /** It is gone; called once. */
  onExit(why: string): void;
}

export interface LinkOptions {
  /** MiB of objects. */
  readonly memory: number | undefined;
  /** Whether what it prints goes to stderr, because stdout holds results. */
  readonly quiet: boolean;
}

export function startProcess(events: LinkEvents, { memory, quiet }: LinkOptions): Link {
  const child = fork(entry("process-entry"), [String(process.pid)], {
    serialization: "advanced",
    detached: process.platform !== "win32", // leads a group: whoever ends it ends its commands
    stdio: ["ignore", quiet ? 2 : 1, 2, "ipc", "pipe"],
    execArgv: [
      ...inheritedFlags(process.execArgv),
      ...(memory === undefined ? [] : [`--max-old-space-size=${memory}`]),
    ],
  });
  const left = new LeftGroups(child.stdio[4] as Readable);
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      child.kill("SIGKILL");
    }
  };
  let gone = false;
  const exit = (why: string): void => {
    if (gone) return;
    gone = true;
    if (child.pid !== undefined) kill(); // what it left behind in its own group, and in others
    // A row is not run again while its command may still be at work.
    left.kill(() => events.onExit(why));
  };
  child.on("message", (reports: readonly Report[]) => events.onReports(reports));
  child.on("error", (error) => {
    if (child.pid === undefined) exit(error.message);
  });
  // Not "exit": what it had to say of its commands may still be on the way then.
  child.on("close", (code, signal) => exit(signal ? signalled(signal) : `exit code ${code}`));
  return {
    // That it cannot be reached any more is told by its end.
    post: (orders) => void (child.connected && child.send(orders as Order[], () => {})),
    kill,
    dismiss: () => {}, // it ends by itself, when all that it has printed is out
  };
}

export function startThread(events: LinkEvents, { memory, quiet }: LinkOptions): Link {
  const thread = new Worker(entry("thread-entry"), {
    stdout: quiet,
    ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }),
  });
  if (quiet) thread.stdout.on("data", (chunk: Buffer) => process.stderr.write(chunk));
  let reason: string | undefined;
  thread.on("message", (reports: readonly Report[]) => events.onReports(reports));
  thread.on("error", (error) => {
    reason = `${error.name}: ${error.message}`;
  });
  thread.on("exit", (code) => events.onExit(reason ?? `exit code ${code}`));
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    post: (orders) => thread.postMessage(orders),
    kill: () => void thread.terminate(),
    dismiss: () => void thread.terminate(),
  };
}

function entry(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

function signalled(signal: NodeJS.Signals): string {
  return signal === "SIGABRT" ? "signal SIGABRT, as when memory runs out" : `signal ${signal}`;
}

/** Flags of this Node that its workers take too: all but those that say what this one is to run. */
function inheritedFlags(flags: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < flags.length; at += 1) {
    const flag = flags[at]!;
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) at += 1;
    else if (!/^--(input-type|inspect|eval|print|check|test)\b/.test(flag)) kept.push(flag);
  }
  return kept;
}
