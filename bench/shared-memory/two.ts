/** A second thread or process that takes from the same key while the first is measured. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

/** What the partner is told: to take of a kind of limit until further notice, or as many as there are. */
export interface Order {
  readonly kind: string;
  readonly task: "hammer" | "drain" | "rest";
}

/** What it answers: that it is at it, or what it was granted. */
export interface Report {
  readonly granted: number;
  /** For how long it has hammered, in milliseconds. */
  readonly took: number;
}

/** Where the partner finds the budget. */
export interface Start {
  readonly memory: SharedArrayBuffer | string;
}

export interface Partner {
  /** Resolves when the order has been begun (`hammer`), or carried out. */
  tell(order: Order): Promise<Report>;
  end(): Promise<void>;
}

const program = new URL("partner.ts", import.meta.url);
/** A thread does not take the loader of TypeScript over from the first one. */
const inTypeScript = `import("tsx/esm/api").then(({ register }) => {
  register();
  return import(${JSON.stringify(program.href)});
})`;

export function inThread(memory: SharedArrayBuffer): Partner {
  const worker = new Worker(inTypeScript, {
    eval: true,
    workerData: { memory } satisfies Start,
  });
  return {
    tell: async (order) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
      worker.postMessage(order);
      return ((await once(worker, "message")) as [Report])[0];
    },
    end: async () => void (await worker.terminate()),
  };
}

export function inProcess(path: string): Partner {
  const child: ChildProcess = fork(fileURLToPath(program), [path]);
  return {
    tell: async (order) => {
      child.send(order);
      return ((await once(child, "message")) as [Report])[0];
    },
    end: async () => {
      child.disconnect();
      await once(child, "exit");
    },
  };
}
