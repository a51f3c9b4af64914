/** The state of a limiter as JSON, to be carried over a restart. */

import { InvalidOptionError, InvalidSnapshotError } from "./errors.ts";
import type { Plan } from "./limits/plan.ts";
import type { Plans } from "./plans.ts";
import type { SavedState } from "./stores/store.ts";
import { show } from "./time.ts";

const VERSION = 1;

/** What `snapshot()` makes and `restore()` takes: JSON, with a version. */
export interface LimiterSnapshot {
  /** The version of its form. */
  readonly sluice: 1;
  /** The limiter's name. */
  readonly name: string;
  /** What only `restore()` reads. */
  readonly state: SavedState;
}

export function takeSnapshot(name: string, state: SavedState): LimiterSnapshot {
  return { sluice: VERSION, name, state };
}

export function readSnapshot(snapshot: LimiterSnapshot): SavedState {
  const state = snapshot?.state as SavedState | undefined;
  const sound =
    snapshot?.sluice === VERSION &&
    Number.isFinite(state?.now) &&
    Number.isFinite(state?.wall) &&
    Array.isArray(state?.rows) &&
    state.rows.every(
      (row) =>
        typeof row === "object" &&
        row !== null &&
        (row.key === null || typeof row.key === "string") &&
        typeof row.plan === "string" &&
        Number.isFinite(row.gate) &&
        Array.isArray(row.states) &&
        row.states.every(
          (numbers: unknown) => Array.isArray(numbers) && numbers.every(Number.isFinite),
        ),
    );
  if (sound && state) return state;
  throw new InvalidSnapshotError(
    `restore() takes what snapshot() made, version ${VERSION}; got ${show(snapshot).slice(0, 80)}.`,
  );
}

/** The plans in force that the saved rows were made under. */
export function plansOf(state: SavedState, plans: Plans): Map<string, Plan> {
  const known = new Map<string, Plan>();
  for (const { key, plan } of state.rows) {
    const own = plans.of(key ?? "");
    const match = own.text === plan ? own : plans.byText(plan);
    if (match) known.set(plan, match);
    else if (plan !== "") throw foreignSnapshot(key);
  }
  return known;
}

function foreignSnapshot(key: string | null): InvalidSnapshotError {
  return new InvalidSnapshotError(
    `the snapshot's state of ${key === null ? "the whole limiter" : `the key ${show(key)}`} was made under other limits; restore it with the limits it was made with, and then call setLimits().`,
  );
}

/** A store that keeps its state itself. */
export function unsaved(): never {
  throw new InvalidOptionError(
    "snapshot() and restore() are for the memory store; this store keeps its state itself, and survives a restart.",
  );
}
