/** Workers that are in the hands of a test: it says what they report and when they end. */

import type { LinkEvents } from "../src/workers/link.ts";
import type { Order } from "../src/workers/messages.ts";
import type { PoolOptions } from "../src/workers/pool-executor.ts";

export interface HeldWorker {
  readonly events: LinkEvents;
  /** What it was told. */
  readonly orders: Order[];
  killed: boolean;
}

/** A new one for every link that is asked for; those that are killed end in the next microtask. */
export class HeldWorkers {
  readonly links: HeldWorker[] = [];

  readonly link: PoolOptions["link"] = (events) => {
    const link: HeldWorker = { events, orders: [], killed: false };
    this.links.push(link);
    return {
      post: (orders) => void link.orders.push(...orders),
      kill: () => {
        link.killed = true;
        queueMicrotask(() => events.onExit("signal SIGKILL"));
      },
      dismiss: () => events.onExit("exit code 0"),
    };
  };
}

/** What they are told at their start. */
export function startWith(timeout: number | undefined): PoolOptions["start"] {
  return { module: "job.ts", cwd: "/", data: undefined, timeout, concurrency: 2, limiters: [] };
}
