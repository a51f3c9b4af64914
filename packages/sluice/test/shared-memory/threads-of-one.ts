// Several "threads" over one memory in a single one: at any atomic operation of one, another may do
// whole steps of its own, and any may die there. Every run can be repeated by its seed.
import { Blocks } from "../../src/stores/shared-memory/blocks.ts";
import { HostClock } from "../../src/stores/shared-memory/host-clock.ts";
import { type Memory, memoryOver } from "../../src/stores/shared-memory/layout.ts";
import { SharedLedger } from "../../src/stores/shared-memory/ledger.ts";
import { Rows } from "../../src/stores/shared-memory/rows.ts";
import { setUp } from "../../src/stores/shared-memory/set-up.ts";
import { Shapes } from "../../src/stores/shared-memory/shapes.ts";
import type { ManualClock } from "../../src/testing/manual-clock.ts";
import { scopeOf } from "../scope.ts";

/** Thrown where a thread dies. */
export class Death extends Error {}

export interface Thread {
  readonly ledger: SharedLedger;
  readonly blocks: Blocks;
}

/** A thread of its own: nothing is shared with others but the memory. */
export function threadOver(memory: Memory, clock: ManualClock): Thread {
  const regions = setUp(memory, "the test");
  const blocks = new Blocks(memory, regions);
  const rows = new Rows(memory, blocks, new Shapes(memory, blocks), regions);
  const time = new HostClock(clock, 0);
  const ledger = new SharedLedger(rows, scopeOf({ clock }), time, () => undefined);
  return { ledger, blocks };
}

export function memoryOf(bytes: number): Memory {
  return memoryOver(new SharedArrayBuffer(bytes));
}

type Name = "load" | "store" | "compareExchange" | "add";
const NAMES: readonly Name[] = ["load", "store", "compareExchange", "add"];

/** Runs `work`, and `between` before and after each atomic operation in it. */
export function interposed(between: () => void, work: () => void): void {
  const real = Object.fromEntries(NAMES.map((name) => [name, Atomics[name]]));
  const all = Atomics as unknown as Record<Name, unknown>;
  for (const name of NAMES) {
    const operation = real[name] as (...args: unknown[]) => unknown;
    all[name] = (...args: unknown[]) => {
      between();
      const result = operation.apply(Atomics, args);
      between();
      return result;
    };
  }
  try {
    work();
  } finally {
    Object.assign(Atomics, real);
  }
}
