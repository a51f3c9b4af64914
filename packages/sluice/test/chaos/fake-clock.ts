// A wall clock of other processes that is set while they run, by libfaketime (the package libfaketime of
// Debian). Their monotonic clock is the host's.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, FORGETS } from "./place.ts";

const FOLDER = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
/**
 * The allocator of Redis asks for the time before libfaketime is ready, which asks for memory then: that
 * of the C library, which does not, takes its place when it is loaded first.
 */
const ALLOCATOR = `${FOLDER}/libc_malloc_debug.so.0`;
const LIBRARY = `${FOLDER}/faketime/libfaketimeMT.so.1`;
export interface FakeClock {
  readonly env: Readonly<Record<string, string>>;
  /** Set by an hour, or by less. Who booked before and who books after go by different clocks then. */
  readonly steps: { readonly forward: Fault; readonly back: Fault };
  setRight(): void;
}

/** `undefined` without libfaketime. */
export function fakeClock(folder: string): FakeClock | undefined {
  if (![ALLOCATOR, LIBRARY].every((path) => existsSync(path))) return undefined;
  const file = join(folder, "clock");
  let seconds = 0;
  const set = (by: number): void => {
    seconds += by;
    writeFileSync(`${file}.new`, `${seconds < 0 ? "" : "+"}${seconds.toFixed(3)}\n`, {
      mode: 0o644,
    });
    renameSync(`${file}.new`, file);
  };
  set(0);
  sweep();
  const steps = [0.05, 0.4, 3, 3_600];
  return {
    env: {
      LD_PRELOAD: `${ALLOCATOR}:${LIBRARY}`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    steps: {
      forward: async (random) => {
        set(steps[Math.floor(steps.length * random())]!);
        await sleep(50);
        return FORGETS;
      },
      back: async (random) => {
        set(-steps[Math.floor(steps.length * random())]!);
        await sleep(50);
        return FORGETS;
      },
    },
    setRight: () => {
      set(-seconds);
      sweep();
    },
  };
}

const SHARED = "/dev/shm";

/** What killed processes leave behind would stand in the way of a later one with the same number. */
function sweep(): void {
  for (const name of readdirSync(SHARED)) {
    const pid = /faketime_s(?:em|hm)_(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(SHARED, name), { force: true });
  }
}
