/**
 * The process groups of the commands that run now, in memory that another thread can read: whoever
 * watches over this process can end them when it cannot.
 */

const MOST = 4096;

/** Group ids; 0 is a free place. */
export const runningGroups: Int32Array<SharedArrayBuffer> = new Int32Array(
  new SharedArrayBuffer(MOST * Int32Array.BYTES_PER_ELEMENT),
);

// A command that takes its time to end has none left when this process ends.
process.once("exit", () => killGroups(runningGroups));

let tell: (change: number) => void = () => {};

/** Has each group told to whoever outlives this process: as it is when it begins, negative at its end. */
export function onGroups(told: (change: number) => void): void {
  tell = told;
}

/** Enters a group; returns what takes it out again. More than there are places go unwatched. */
export function enterGroup(group: number): () => void {
  tell(group);
  for (let at = 0; at < MOST; at += 1) {
    if (Atomics.compareExchange(runningGroups, at, 0, group) !== 0) continue;
    return () => {
      Atomics.compareExchange(runningGroups, at, group, 0);
      tell(-group);
    };
  }
  return () => tell(-group);
}

/** Ends all commands that run, at once. */
export function killGroups(groups: Iterable<number>): void {
  for (const group of groups) if (group > 0) killGroup(group, "SIGKILL");
}

/** Sends a signal to a command and all that it started; that none is left is no failure. */
export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === "win32" ? group : -group, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whether anything of a group still runs. */
export function runs(group: number): boolean {
  try {
    return process.kill(process.platform === "win32" ? group : -group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
