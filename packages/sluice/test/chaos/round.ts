// One round of chaos: processes on one store, things that happen to them and to the store at random
// instants, and the judge.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hostMicros } from "./diary.ts";
import type { Evidence, PlaceFault } from "./evidence.ts";
import { judge, type Verdict } from "./judge.ts";
import type { OnFailure, WorkerOrder } from "./order.ts";
import type { Place } from "./place.ts";
import { probe } from "./probe.ts";
import { Processes } from "./process-lane.ts";
import type { Random } from "./random.ts";

export interface RoundPlan {
  /** The built worker. */
  readonly worker: string;
  readonly place: Place;
  /** What the names of the limiters begin with. */
  readonly name: string;
  readonly processes: number;
  readonly millis: number;
  readonly mixes: readonly string[];
  readonly onFailure: OnFailure;
  /** What happens to the store, one after the other. */
  readonly faults: readonly string[];
  readonly graceMs: number;
  /** So long everybody has to end, once all is well again. */
  readonly patienceMs: number;
  readonly random: Random;
}

export interface Outcome extends Verdict {
  readonly kills: number;
  readonly stops: number;
  readonly faults: readonly PlaceFault[];
}

const STEPS = new Set(["forward", "back"]);
/** What the slots' clock may stand still for, when it was set back. */
const STOOD_STILL = 1_000_000;

export async function round(plan: RoundPlan, folder: string): Promise<Outcome> {
  const { place, random, mixes, patienceMs } = plan;
  const own = mkdtempSync(join(folder, "round-"));
  const seed = Math.floor(1e9 * random());
  const orderOf = (life: number): Omit<WorkerOrder, "diary"> => ({
    store: place.store,
    where: place.where,
    onFailure: plan.onFailure,
    processes: plan.processes,
    name: plan.name,
    mixes,
    keys: ["a", "b"],
    callers: 3,
    hot: life % plan.processes === 0,
    graceMs: plan.graceMs,
    seed: seed + life,
  });
  const ahead = place.ahead();
  const env = plan.faults.some((name) => STEPS.has(name)) ? place.env : {};
  const processes = new Processes(plan.worker, own, env, orderOf);
  for (let i = 0; i < plan.processes; i++) processes.start();
  await Promise.all(processes.all.map(({ ready }) => ready));
  const end = hostMicros() + plan.millis * 1e3;
  const [kills, stops, faults] = await Promise.all([
    killAtRandom(processes, end, random),
    stopAtRandom(processes, end, random),
    failAtRandom(plan, end),
  ]);
  const open = await processes.finish(patienceMs);
  await place.drained();
  const since = hostMicros();
  place.setRight();
  const stepped = faults.some(({ name }) => STEPS.has(name));
  const evidence: Evidence = {
    store: place.store,
    onFailure: plan.onFailure,
    processes: plan.processes,
    mixes,
    graceMs: plan.graceMs,
    ahead: stepped && !place.steady ? undefined : ahead,
    lives: processes.lives(),
    faults,
  };
  const verdict = judge(evidence);
  const unusable = await probe({ ...orderOf(0), diary: "" }, since, stepped ? STOOD_STILL : 0);
  const breaches = [...open, ...verdict.breaches, ...unusable];
  if (breaches.length === 0) rmSync(own, { recursive: true });
  return { ...verdict, breaches, kills, stops, faults };
}

async function killAtRandom(processes: Processes, end: number, random: Random): Promise<number> {
  let kills = 0;
  for (;;) {
    await sleep(100 + 600 * random());
    if (hostMicros() >= end) return kills;
    const victim = pick(processes.alive, random);
    await processes.kill(victim);
    kills++;
    await processes.start().ready;
  }
}

async function stopAtRandom(processes: Processes, end: number, random: Random): Promise<number> {
  let stops = 0;
  for (;;) {
    await sleep(300 * random());
    if (hostMicros() >= end) return stops;
    const long = random() < 0.2 ? 1_200 : 150;
    await processes.stop(pick(processes.alive, random), sleep(10 + long * random()));
    stops++;
  }
}

async function failAtRandom(plan: RoundPlan, end: number): Promise<PlaceFault[]> {
  const { place, faults, random } = plan;
  const happened: PlaceFault[] = [];
  for (const name of faults) {
    await sleep(400 * random());
    if (hostMicros() >= end && happened.length > 0) break;
    const from = hostMicros();
    const { forgets } = await place.faults[name]!(random);
    happened.push({ name, from, to: hostMicros(), forgets });
  }
  await sleep(Math.max(0, end - hostMicros()) / 1e3);
  return happened;
}

function pick<T>(all: readonly T[], random: Random): T {
  return all[Math.floor(all.length * random())]!;
}
