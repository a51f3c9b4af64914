// Stores that are files of this host: there is nothing to cut off, only processes that die and a clock.
import { join } from "node:path";
import { sharedMemory } from "sluice/shared-memory";
import { systemClock } from "../../src/clock.ts";
import { hostMicros } from "./diary.ts";
import { fakeClock } from "./fake-clock.ts";
import { type Fault, type Place, wallAhead } from "./place.ts";
import { scopeOf } from "../scope.ts";

/** It goes by the host's monotonic clock, and does not notice when the other one is set. */
export function sharedMemoryPlace(folder: string): Place {
  const where = join(folder, "memory");
  const ledger = sharedMemory(where).open(scopeOf({ name: "clock", clock: systemClock }));
  const place = filePlace("shared-memory", where, folder);
  const unnoticed =
    (step: Fault): Fault =>
    async (random) => ({ ...(await step(random)), forgets: 0 });
  const faults = Object.entries(place.faults).map(([name, step]) => [name, unnoticed(step)]);
  return {
    ...place,
    faults: Object.fromEntries(faults) as Place["faults"],
    steady: true,
    // The largest: this process may lose its turn between the two readings.
    ahead: () => Math.max(...Array.from({ length: 5 }, () => ledger.now() - hostMicros())),
    stop: async () => ledger.close(),
  };
}

export function sqlitePlace(folder: string): Place {
  return filePlace("sqlite", join(folder, "budgets.db"), folder);
}

function filePlace(store: "shared-memory" | "sqlite", where: string, folder: string): Place {
  const clock = fakeClock(folder);
  return {
    store,
    where,
    env: clock?.env ?? {},
    faults: { ...clock?.steps },
    steady: false,
    setRight: () => clock?.setRight(),
    ahead: wallAhead,
    drained: async () => undefined,
    stop: async () => undefined,
  };
}
