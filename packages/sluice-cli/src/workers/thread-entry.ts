/** The main file of a worker that is a thread. */

import { parentPort } from "node:worker_threads";
import type { Order } from "./messages.ts";
import { type Port, WorkerService } from "./serve.ts";

const channel = parentPort!;
const port: Port = {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  send: (reports) => channel.postMessage(reports),
  hold: (alive) => (alive ? channel.ref() : channel.unref()),
};
let service: WorkerService | undefined;

channel.on("message", (orders: readonly Order[]) => {
  for (const order of orders) {
    if (order.is === "start") {
      service = new WorkerService(port, order.start);
      void service.open();
    } else service?.take(order);
  }
});
