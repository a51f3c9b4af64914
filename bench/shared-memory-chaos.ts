/**
 * Chaos on shared memory: processes over one mapped file, one of three killed with -9 and one
 * stopped again and again, at random instants in every round. Never over the limit, and nobody stuck.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildHammer } from "../packages/sluice/test/shared-memory/built-hammer.ts";
import { type Round, round } from "../packages/sluice/test/shared-memory/rounds.ts";
import { table, title, verdict } from "./harness/report.ts";

const MIXES = ["window", "rates", "pace", "mixed", "shared"];
/** Rounds of each mix, on one file for all of them: what kills leave behind adds up. */
const ROUNDS = 20;
const MILLIS = 300;

export async function run(quick: boolean): Promise<void> {
  title("shared memory: kill -9 and SIGSTOP at random instants");
  const hammer = buildHammer();
  const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
  const random = (below: number): number => Math.floor(Math.random() * below);
  const sum = (rounds: readonly Round[], of: (each: Round) => number): number =>
    rounds.reduce((total, each) => total + of(each), 0);
  try {
    const rows: string[][] = [];
    let bad = 0;
    for (const mix of MIXES) {
      const own = mkdtempSync(join(folder, `${mix}-`));
      const rounds: Round[] = [];
      for (let i = 1; i <= (quick ? 2 : ROUNDS); i++) {
        rounds.push(await round(hammer, own, mix, i, MILLIS, random));
      }
      const breaches = rounds.filter(({ breach }) => breach !== undefined);
      const stuck = rounds.flatMap((each) => each.stuck);
      bad += breaches.length + stuck.length;
      for (const { breach } of breaches) console.log(`${mix}: ${breach}`);
      rows.push([
        mix,
        `${rounds.length}`,
        `${sum(rounds, ({ killed }) => killed)}`,
        `${sum(rounds, ({ stopped }) => stopped)}`,
        `${sum(rounds, ({ admissions }) => admissions)}`,
        `${breaches.length}`,
        `${stuck.length}`,
      ]);
    }
    table(["limits", "rounds", "killed", "stopped", "admissions", "over", "stuck"], rows);
    verdict("never over the limit, nobody stuck", `${bad} failures`, "0", bad === 0);
  } finally {
    rmSync(hammer);
    rmSync(folder, { recursive: true });
  }
}
