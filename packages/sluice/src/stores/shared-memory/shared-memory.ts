/** The shared memory store: one budget for threads, or for the processes of a host. No locks. */

import { InvalidOptionError } from "../../errors.ts";
import { booked } from "../../shared/booked.ts";
import { type Duration, show } from "../../time.ts";
import { Blocks } from "./blocks.ts";
import { epochOf, HostClock } from "./host-clock.ts";
import { LEAST_BYTES, type Memory, memoryOver, type Regions } from "./layout.ts";
import { SharedLedger } from "./ledger.ts";
import { bootHash, host } from "./host.ts";
import { checkPath, mapCode, mapFile } from "./mapped-file.ts";
import { join } from "./members.ts";
import { prove } from "./proof.ts";
import { Rows } from "./rows.ts";
import { setUp } from "./set-up.ts";
import { Shapes } from "./shapes.ts";
import type { Ledger, Scope, Store } from "../store.ts";

/** Options of `sharedMemory`. */
export interface SharedMemoryOptions {
  /**
   * Bytes of a file that is made anew; default 16 MiB, from 64 KiB to 1 GiB. A key takes about 400,
   * 256 more while it is asked for at least once a second, and 8 for each instant that a window
   * remembers. A file that is there keeps its size.
   */
  readonly size?: number;
  /**
   * How late a caller may run after the instant it waited for; windows are padded by it. Default
   * 20 ms.
   */
  readonly grace?: Duration;
}

/** The store that `sharedMemory` makes. */
export interface SharedMemoryStore extends Store<true> {
  readonly sync: true;
}

const DEFAULT_BYTES = 16 * 2 ** 20;
const MOST_BYTES = 2 ** 30;

/**
 * Shares budgets between the threads of a process (a `SharedArrayBuffer` of zeros that is handed to
 * each of them), or between the processes of a host (the path of a file, which is made when it is
 * not there; needs the package `koffi`, on Linux). Same name, same budget.
 *
 * No step takes a lock: a thread or process that is stopped or killed anywhere keeps nobody waiting
 * and leaves nothing to be repaired. Its slots return when their leases end.
 *
 * @throws `STORE_CORRUPT` for what is no shared memory of this version, `STORE_UNAVAILABLE` when a
 *   file cannot be opened or mapped, `INVALID_OPTION`. Asks throw `KEYS_EXHAUSTED` when the memory is
 *   full of keys that still count.
 *
 * @example
 * const limiter = createLimiter("100/s", { name: "api", store: sharedMemory("/dev/shm/api.sluice") });
 */
export function sharedMemory(
  bufferOrPath: SharedArrayBuffer | string,
  options: SharedMemoryOptions = {},
): SharedMemoryStore {
  const { size = DEFAULT_BYTES, grace = "20ms" } = options;
  const waiting = booked({ grace });
  if (!Number.isInteger(size) || size < LEAST_BYTES || size > MOST_BYTES) {
    throw new InvalidOptionError(
      `size must be a whole number of bytes from ${LEAST_BYTES} to ${MOST_BYTES}; got ${show(size)}.`,
    );
  }
  const place =
    typeof bufferOrPath === "string" ? inFile(bufferOrPath, size) : inBuffer(bufferOrPath);
  return {
    sync: true,
    waiting,
    open: (scope: Scope): Ledger<true> => {
      const { rows, epoch, check } = place;
      if (place.opened++ === 0) keptOpen.add(rows.blocks);
      return new SharedLedger(rows, scope, new HostClock(scope.clock, epoch, check), () => {
        if (--place.opened === 0 && keptOpen.delete(rows.blocks)) rows.blocks.close();
      });
    },
  };
}

/** A memory as this thread has it. */
interface Place {
  readonly rows: Rows;
  readonly epoch: number;
  /** Throws when the memory is no longer the one that others use. */
  readonly check: (() => void) | undefined;
  /** How many ledgers are open. */
  opened: number;
}

const places = new WeakMap<object, Place>();

/** What is still open when the thread ends leaves its free blocks to the others, too. */
const keptOpen = new Set<Blocks>();
let listens = false;

function listen(): void {
  if (listens) return;
  listens = true;
  host.onExit(() => {
    for (const blocks of keptOpen) blocks.close();
  });
}

function inFile(path: string, size: number): Place {
  const memory = mapFile(path, size);
  return known(memory, () => {
    const what = show(path);
    const regions = setUp(memory, what);
    const blocks = new Blocks(memory, regions);
    join(memory, blocks);
    prove(memory, blocks, mapCode(path, memory.words.byteLength), what);
    const check = (): void => checkPath(path, memory);
    return placeIn(memory, blocks, regions, bootHash(), check);
  });
}

function inBuffer(buffer: SharedArrayBuffer): Place {
  checkBuffer(buffer);
  return known(buffer, () => {
    const memory = memoryOver(buffer);
    const regions = setUp(memory, "the buffer");
    const blocks = new Blocks(memory, regions);
    return placeIn(memory, blocks, regions, 0, undefined);
  });
}

function known(key: object, make: () => Place): Place {
  let place = places.get(key);
  if (!place) places.set(key, (place = make()));
  listen();
  return place;
}

function placeIn(
  memory: Memory,
  blocks: Blocks,
  regions: Regions,
  boot: number,
  check: (() => void) | undefined,
): Place {
  const rows = new Rows(memory, blocks, new Shapes(memory, blocks), regions);
  return { rows, epoch: epochOf(memory, blocks, boot), check, opened: 0 };
}

function checkBuffer(buffer: unknown): void {
  const isShared = typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
  if (isShared && buffer.byteLength >= LEAST_BYTES) return;
  const got = isShared ? `one of ${buffer.byteLength} bytes` : show(buffer);
  throw new InvalidOptionError(
    `sharedMemory() takes a SharedArrayBuffer of at least ${LEAST_BYTES} bytes, or the path of a file; got ${got}.`,
  );
}
