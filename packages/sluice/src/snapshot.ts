/** The state of a limiter as JSON, to be carried over a restart. */

import { InvalidSnapshotError } from "./errors.ts";
import type { SavedState } from "./stores/store.ts";
import { show } from "./time.ts";

const VERSION = 1;

/** What `snapshot()` makes and `restore()` takes: JSON, with a version. */
export interface LimiterSnapshot {
  readonly sluice: 1;
  readonly name: string;
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

/** A saved row of limits that are not in force. */
export function foreignSnapshot(key: string | null): InvalidSnapshotError {
  return new InvalidSnapshotError(
    `the snapshot's state of ${key === null ? "the whole limiter" : `the key ${show(key)}`} was made under other limits; restore it with the limits it was made with, and then call setLimits().`,
  );
}
