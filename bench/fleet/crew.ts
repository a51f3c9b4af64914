/** The processes of one run: all of them are there before the first begins, and end with the bench. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { NodeOrder, NodeReport } from "./node.ts";

const program = fileURLToPath(new URL("node.ts", import.meta.url));
const alive = new Set<ChildProcess>();
let over = false;

/** One report for each order. */
export async function runCrew(orders: readonly NodeOrder[]): Promise<NodeReport[]> {
  if (over) throw new Error("The fleet was ended.");
  const crew = orders.map((order) => {
    const child = fork(program, [], { execArgv: process.execArgv });
    alive.add(child);
    child.once("exit", () => alive.delete(child));
    child.send(order);
    return child;
  });
  try {
    await Promise.all(crew.map(answer));
    for (const child of crew) child.send("go");
    return (await Promise.all(crew.map(answer))) as NodeReport[];
  } finally {
    killAll();
  }
}

/** Ends the run that is under way, and there is no other. */
export function endCrew(): void {
  over = true;
  killAll();
}

function killAll(): void {
  for (const child of alive) child.kill("SIGKILL");
}

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`A process of the fleet ended early (${signal ?? `code ${code}`}).`);
  });
  const [message] = (await Promise.race([once(child, "message"), ended])) as unknown[];
  ended.catch(() => undefined);
  return message;
}
