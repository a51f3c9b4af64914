/** 9. Commands as a job, beside GNU parallel and xargs where they are installed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { median } from "./harness/numbers.ts";
import { table, title } from "./harness/report.ts";

const ROWS = 1_000;
const JOBS = 4;
const RATED = { perSecond: 20, rows: 100 };

const manifest = createRequire(import.meta.url).resolve("sluice-cli/package.json");
const sluice = [process.execPath, join(dirname(manifest), "bin", "sluice.js"), "exec", "-k"];

/** What is asked of each: a command for each line of a file, with its output in their order. */
const runners: Record<string, (file: string, out: string) => string[]> = {
  "sluice exec": (file, out) => {
    const flags = ["-i", file, "-o", out, "--no-journal", "-j", `${JOBS}`, "--rate", "unlimited"];
    return [...sluice, ...flags, "--", "echo", "{}"];
  },
  "GNU parallel": (file) => ["parallel", "-k", "-j", `${JOBS}`, "-a", file, "echo", "{}"],
  "xargs -P": (file) => ["xargs", "-P", `${JOBS}`, "-n", "1", "-a", file, "echo"],
};

export async function run(quick: boolean): Promise<void> {
  title(`9. ${ROWS} times echo, ${JOBS} at once, and ${RATED.rows} at ${RATED.perSecond} a second`);
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const file = join(folder, "rows.txt");
  writeFileSync(file, lines(ROWS));
  const rows: string[][] = [];
  for (const [name, command] of Object.entries(runners)) {
    const speeds: number[] = [];
    for (let pass = 0; pass < (quick ? 1 : 3); pass += 1) {
      const ms = await timed(command(file, join(folder, `${name} ${pass}.jsonl`)));
      if (ms !== undefined) speeds.push((ROWS * 1e3) / ms);
    }
    rows.push([name, speeds.length === 0 ? "not installed" : String(Math.round(median(speeds)))]);
  }
  table(["", "commands a second"], rows);
  console.log();
  writeFileSync(file, lines(RATED.rows));
  const rate = `${RATED.perSecond}/s`;
  const flags = ["-i", file, "-o", join(folder, "rated.jsonl"), "-j", "20", "--rate", rate];
  const delayed = ["parallel", "-j", "20", "--delay", `${1 / RATED.perSecond}`, "-a", file];
  const rated = [
    [
      "sluice exec --rate",
      ...(await fullest(
        [...sluice, ...flags, "--", "sh", "-c", "date +%s%N # {}"],
        join(folder, "rated.jsonl"),
      )),
    ],
    ["GNU parallel --delay", ...(await fullest([...delayed, "date +%s%N; : "]))],
  ];
  table(["", "fullest second", "seconds"], rated);
  rmSync(folder, { recursive: true });
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, row) => `${row}\n`).join("");
}

/** Milliseconds until it has ended; nothing when it is not there. */
async function timed(command: readonly string[]): Promise<number | undefined> {
  const begin = performance.now();
  const ended = await output(command);
  return ended === undefined ? undefined : performance.now() - begin;
}

async function output([program = "", ...args]: readonly string[]): Promise<string | undefined> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  try {
    const [code] = (await once(child, "close")) as [number];
    if (code !== 0) throw new Error(`${program} ended with exit code ${code}.`);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The most commands that began in any second, by their own clocks, and how long all took. */
async function fullest(command: readonly string[], file?: string): Promise<[string, string]> {
  const text = await output(command);
  if (text === undefined) return ["not installed", ""];
  const said = file === undefined ? text : readFileSync(file, "utf8");
  const instants = [...said.matchAll(/\d{19}/g)].map(([ns]) => Number(BigInt(ns) / 1000n));
  instants.sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  instants.forEach((at, last) => {
    while (instants[first]! <= at - 1e6) first += 1;
    most = Math.max(most, last - first + 1);
  });
  return [`${most} of ${instants.length}`, ((instants.at(-1)! - instants[0]!) / 1e6).toFixed(2)];
}
