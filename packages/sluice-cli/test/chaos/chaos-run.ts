/**
 * One run of chaos: a job whose workers, and which itself, are killed with -9 at random instants,
 * until it is left to come to its end.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { callsIn, moduleText, processesIn } from "./diary.ts";
import { type Bounds, breachesIn, fullest } from "./judge.ts";
import type { Random } from "../../../sluice/test/chaos/random.ts";
import { between, type Mix } from "./mix.ts";

const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));

export interface ChaosOptions {
  readonly mix: Mix;
  readonly bounds: Bounds;
  /** Milliseconds: how late a call may be noted without a false alarm. */
  readonly margin: number;
  readonly random: Random;
}

export interface ChaosOutcome {
  /** Sentences for what did not hold. */
  readonly breaches: readonly string[];
  readonly jobsKilled: number;
  readonly workersKilled: number;
  readonly calls: number;
  /** The most calls in any window. */
  readonly worst: number;
}

/** How often the job is ended before its end, at the most. */
const MOST_ENDS = 3;
/** Milliseconds for workers to see that their job is gone: each looks twice a second. */
const ORPHANS_UNTIL = 20_000;

export async function chaosRun(options: ChaosOptions): Promise<ChaosOutcome> {
  const { mix, bounds, random } = options;
  const folder = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
  writeFileSync(join(folder, "job.mjs"), moduleText);
  const rows = Array.from({ length: bounds.rows }, (_, n) => `{"n":${n}}\n`).join("");
  writeFileSync(join(folder, "rows.jsonl"), rows);
  const chaos = new Chaos(folder, options);
  try {
    const ends = between(random, 1, MOST_ENDS);
    for (let end = 0; end < ends; end += 1) await chaos.live(true);
    const code = await chaos.live(false);
    const failing = code === 0 || code === 1 ? [] : [`the job ended with ${code}: ${chaos.said}`];
    const orphans = await orphansOf(folder);
    const breaches = [
      ...failing,
      ...breachesIn(folder, mix, bounds),
      ...orphans.map((pid) => `process ${pid} was left behind`),
    ];
    const calls = callsIn(folder);
    const worst = fullest(calls, bounds.windowMs);
    return { breaches, ...chaos.killed, calls: calls.length, worst };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Chaos {
  readonly #folder: string;
  readonly #options: ChaosOptions;
  readonly killed = { jobsKilled: 0, workersKilled: 0 };
  /** What the run before said on stderr. */
  said = "";
  #runs = 0;

  constructor(folder: string, options: ChaosOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** One run of the job, ended before its end or not; its exit code. */
  async live(ended: boolean): Promise<number | null> {
    const { random, bounds } = this.#options;
    const before = new Set(processesIn(this.#folder));
    const child = this.#start();
    const over = once(child, "exit") as Promise<[number | null]>;
    this.said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    const most = bounds.rows / (2 * MOST_ENDS);
    const kills = between(random, 0, ended ? 1 : 2);
    for (let kill = 0; kill < kills; kill += 1) {
      await this.#instant(child, between(random, 0, most));
      this.#killWorker(child, before);
    }
    if (ended) {
      // Some end before the first call, some in the midst of the last checkpoint.
      if (random() < 0.8) await this.#instant(child, between(random, 1, most));
      else await pause(between(random, 0, 500));
      this.#end(child);
    }
    const [code] = await over;
    return code;
  }

  #start(): ChildProcess {
    const { mix, bounds, margin } = this.#options;
    const { limit, perWorker, windowMs } = bounds;
    const args = ["job.mjs", "-i", "rows.jsonl", "-o", mix.output, "--failed", "failed.jsonl"];
    args.push("--rate", `${limit}/${windowMs}ms`, "--margin", `${margin}ms`, "--no-config");
    if (mix.perWorker) args.push("--rate-per-worker", `${perWorker}/${windowMs}ms`);
    args.push("--isolation", mix.isolation, "--crashes", "100", "-c", "5");
    if (mix.isolation !== "none") args.push("--workers", "3");
    if (mix.ordered) args.push("--ordered");
    if (mix.retries > 0) args.push("--retries", String(mix.retries), "--backoff", "30ms");
    // Without a journal it was killed before it could begin one, or had nothing to begin with.
    args.push(this.#runs === 0 ? "--force" : "--resume");
    this.#runs += 1;
    return spawn(process.execPath, [bin, "run", ...args], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
  }

  /** Waits until so many more calls were made, and a moment longer; or until the job is over. */
  async #instant(child: ChildProcess, calls: number): Promise<void> {
    const until = callsIn(this.#folder).length + calls;
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
    while (!isOver() && callsIn(this.#folder).length < until) await pause(10);
    await pause(between(this.#options.random, 0, 40));
  }

  #killWorker(child: ChildProcess, before: ReadonlySet<number>): void {
    const { random } = this.#options;
    const own = processesIn(this.#folder).filter((pid) => !before.has(pid) && pid !== child.pid);
    const alive = own.filter(isAlive);
    const pid = alive[between(random, 0, alive.length - 1)];
    if (pid === undefined || this.#options.mix.isolation !== "process") return;
    if (kill(pid, "SIGKILL")) this.killed.workersKilled += 1;
  }

  #end(child: ChildProcess): void {
    const gently = this.#options.random() < 0.15;
    if (kill(child.pid!, gently ? "SIGINT" : "SIGKILL")) this.killed.jobsKilled += 1;
  }
}

async function orphansOf(folder: string): Promise<number[]> {
  const until = performance.now() + ORPHANS_UNTIL;
  for (;;) {
    const alive = processesIn(folder).filter(isAlive);
    if (alive.length === 0 || performance.now() > until) return alive;
    await pause(50);
  }
}

function isAlive(pid: number): boolean {
  return kill(pid, 0) && !isBuried(pid);
}

/** Whether only its number is left: nobody has asked how an orphan ended. */
function isBuried(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // it is gone
  }
}
