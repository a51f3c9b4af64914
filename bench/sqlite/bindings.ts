/** Which packages open SQLite files here, and in which Node. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { drivers } from "../../packages/sluice/test/sqlite/connections.ts";

export interface Binding {
  /** As in `drivers`. */
  readonly driver: string;
  /** The Node that has it. */
  readonly node: string;
  readonly name: string;
}

/** Those of this Node; and `node:sqlite` of a newer one, which npm fetches, where this has none. */
export async function findBindings(): Promise<Binding[]> {
  const own = drivers.map(({ name }) => {
    return { driver: name, node: process.execPath, name: `${name}, Node ${process.versions.node}` };
  });
  if (own.some(({ driver }) => driver === "node:sqlite")) return own;
  const print = "console.log(JSON.stringify([process.execPath, process.versions.node]))";
  const args = ["exec", "--yes", "--package=node@24", "--", "node", "-e", print];
  try {
    const { stdout } = await promisify(execFile)("npm", args);
    const [node, version] = JSON.parse(stdout) as [string, string];
    return [...own, { driver: "node:sqlite", node, name: `node:sqlite, Node ${version}` }];
  } catch (error) {
    console.log(`node:sqlite: not measured, for the registry has no Node 24\n${String(error)}`);
    return own;
  }
}
