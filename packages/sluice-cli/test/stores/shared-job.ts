/** Jobs whose function says when it was called, on the one clock of this host. */

import { symlinkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { worstWindow } from "sluice/testing";
import { Folder } from "../sluice-process.ts";

const installed = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** Its results are microseconds. */
const job = "export default () => Number(process.hrtime.bigint() / 1000n);";

/**
 * A folder with the job and its rows.
 *
 * @param client - The only client that is installed there.
 */
export function folderWith(rows: number, client?: string): Folder {
  const lines = Array.from({ length: rows }, (_, row) => `${row}\n`).join("");
  const folder = new Folder({ "job.mjs": job, "rows.jsonl": lines });
  if (client !== undefined) {
    const modules = join(folder.path, "node_modules");
    mkdirSync(modules);
    symlinkSync(join(installed, client), join(modules, client));
  }
  return folder;
}

/** The most calls in any window. */
export function fullest(times: readonly unknown[], windowMs: number): number {
  const calls = times.map((at) => ({ at: Number(at), units: 1 }));
  calls.sort((a, b) => a.at - b.at);
  return worstWindow(calls, windowMs * 1e3).units;
}
