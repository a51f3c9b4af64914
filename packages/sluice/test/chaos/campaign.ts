// Rounds of chaos on one store, all on the same keys: what kills leave behind adds up.
import { sharedMemoryPlace, sqlitePlace } from "./file-places.ts";
import { mixes } from "./mixes.ts";
import type { OnFailure, StoreName } from "./order.ts";
import type { Place } from "./place.ts";
import { postgresPlace } from "./postgres-place.ts";
import { type Random, randomFrom } from "./random.ts";
import { redisPlace } from "./redis-place.ts";
import type { RoundPlan } from "./round.ts";

export const STORES: readonly StoreName[] = ["shared-memory", "sqlite", "redis", "postgres"];
const CHOICES: readonly OnFailure[] = ["none", "refuse", "share"];
const PROCESSES = 3;

export function openPlace(store: StoreName, folder: string): Place | Promise<Place> {
  switch (store) {
    case "shared-memory":
      return sharedMemoryPlace(folder);
    case "sqlite":
      return sqlitePlace(folder);
    case "redis":
      return redisPlace(folder);
    case "postgres":
      return postgresPlace(folder);
  }
}

export interface Setting {
  readonly worker: string;
  readonly place: Place;
  readonly seed: number;
  /** Only these faults of the store; default all that it has. */
  readonly only: readonly string[] | undefined;
  readonly patienceMs: number;
}

/** The plan of a round: each fault comes in turn, first of all alone, the rest by chance. */
export function planOf(setting: Setting, round: number): RoundPlan {
  const { place, seed, only, patienceMs, worker } = setting;
  const random = randomFrom(seed * 10_007 + round);
  const known = Object.keys(place.faults).filter((name) => only?.includes(name) ?? true);
  const turn = round % (known.length + 1);
  const first = turn === known.length ? [] : [known[turn]!];
  const steps = first.some((name) => name === "forward" || name === "back");
  // A step of the clock is judged alone.
  const others = known.filter((name) => name !== "forward" && name !== "back");
  const second = !steps && first.length > 0 && random() < 0.3 ? [pick(others, random)] : [];
  const remote = place.store === "redis" || place.store === "postgres";
  return {
    worker,
    place,
    // Instants of a clock that was set since would be in the way of a sound judgement.
    name: steps ? `chaos ${seed} ${round}` : "chaos",
    processes: PROCESSES,
    millis: 600 + 600 * random(),
    mixes: chosen(Object.keys(mixes), 3, random),
    onFailure: pick(CHOICES, random),
    faults: [...first, ...second],
    graceMs: remote ? 50 : 20,
    patienceMs,
    random,
  };
}

function chosen<T>(all: readonly T[], count: number, random: Random): T[] {
  const left = [...all];
  return Array.from(
    { length: count },
    () => left.splice(Math.floor(left.length * random()), 1)[0]!,
  );
}

function pick<T>(all: readonly T[], random: Random): T {
  return all[Math.floor(all.length * random())]!;
}
