/**
 * Runs a configuration in a process of its own, so that neither the heap nor the compiled code of
 * one disturbs another.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { quiet } from "./quiet.ts";

/** What a bench exports as `tasks`; arguments and results travel as JSON. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Task = (argument: any) => unknown;

const program = fileURLToPath(new URL("child.ts", import.meta.url));

/** How many configurations were begun, and how many of them although others kept the machine busy. */
export const begun = { all: 0, noisy: 0 };

/**
 * @param module - The bench's `import.meta.url`.
 * @param timeoutMs - A peer that does not come to an end is ended, and has no result.
 * @param node - Another Node to run it in.
 */
export async function inChild<R>(
  module: string,
  task: string,
  argument: unknown,
  timeoutMs = 600_000,
  node: string = process.execPath,
): Promise<R | undefined> {
  begun.all++;
  if (!(await quiet())) begun.noisy++;
  const child = fork(program, [module, task, JSON.stringify(argument)], {
    execPath: node,
    execArgv: ["--max-old-space-size=12288", ...process.execArgv],
  });
  return new Promise((resolve, reject) => {
    let answer: { result: R } | undefined;
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve(undefined);
    }, timeoutMs);
    child.on("message", (message) => {
      answer = message as { result: R };
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      if (answer) resolve(answer.result);
      else if (signal === "SIGKILL") resolve(undefined);
      else reject(new Error(`${task}(${JSON.stringify(argument)}) ended with code ${code}.`));
    });
  });
}
