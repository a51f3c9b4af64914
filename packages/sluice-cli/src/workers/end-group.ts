import { killGroups } from "../exec/running-groups.ts";

/**
 * Ends this process and all that it has started: without the job nobody asks for them.
 *
 * @param groups - Those that it has started as groups of their own.
 */
export function endGroup(groups: Int32Array): void {
  killGroups(groups);
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.kill(process.pid, "SIGKILL"); // where it does not lead a group of its own
  }
}
