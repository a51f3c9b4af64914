// Stores that are files of this host: there is nothing to cut off, only processes that die and a clock.
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import type { Store } from "sluice";
import { sharedMemory } from "sluice/shared-memory";
import { sqlite } from "sluice/sqlite";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { aheadOf, type Fault, type Place } from "./place.ts";

export function sharedMemoryPlace(folder: string): Place {
  const where = join(folder, "memory");
  const store = sharedMemory(where);
  return filePlace("shared-memory", where, folder, store, () => undefined);
}

export function sqlitePlace(folder: string): Place {
  const where = join(folder, "budgets.db");
  const database = new DatabaseSync(where);
  return filePlace("sqlite", where, folder, sqlite(database), () => database.close());
}

/** What has a clock of its own does not notice when that of the host is set. */
function steps({ steps: { forward, back } }: FakeClock, steady: boolean): Place["faults"] {
  if (!steady) return { forward, back };
  const unnoticed =
    (step: Fault): Fault =>
    async (random) => ({ ...(await step(random)), forgets: 0 });
  return { forward: unnoticed(forward), back: unnoticed(back) };
}

function filePlace(
  store: "shared-memory" | "sqlite",
  where: string,
  folder: string,
  opened: Store<true>,
  close: () => void,
): Place {
  const clock = fakeClock(folder);
  return {
    store,
    where,
    env: clock?.env ?? {},
    faults: clock ? steps(clock, store === "shared-memory") : {},
    steady: store === "shared-memory",
    setRight: () => clock?.setRight(),
    ahead: () => aheadOf(opened),
    drained: async () => undefined,
    stop: async () => close(),
  };
}
