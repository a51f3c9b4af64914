// One process of a chaos round: callers in a loop over limiters of the built library, with the clients
// that users have: node worker.mjs '<order>'.
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, createLimiter } from "sluice";
import { readFileSync } from "node:fs";
import { type Calls, call } from "./caller.ts";
import { Diary, hostMicros } from "./diary.ts";
import { mixes } from "./mixes.ts";
import type { Finish, FromWorker, WorkerOrder } from "./order.ts";
import { randomFrom } from "./random.ts";
import { openStore } from "./worker-store.ts";

/** The event loop is looked at so often, and a gap of more than this is a stall. */
const LOOK_MS = 10;
const STALL_MS = 50;

const order = JSON.parse(process.argv[2]!) as WorkerOrder;
const diary = new Diary(order.diary);
const calls: Calls = { open: new Map(), next: 0, finishing: false };
const random = randomFrom(order.seed);

process.once("message", (finish: Finish) => void end(finish));
process.once("disconnect", () => process.exit(0));

const { store, close } = await patiently(() => openStore(order));
const clock = order.clockMs === undefined ? {} : { clock: wrongClock(order.clockMs) };
const limiters = await patiently(() =>
  order.mixes.map((mix) =>
    createLimiter(mixes[mix]!.limits, { name: `${order.name} ${mix}`, store, ...clock }),
  ),
);
const running = limiters.flatMap((limiter, i) =>
  order.keys.flatMap((key) =>
    Array.from({ length: order.callers }, (_, n) => {
      const hot = order.hot && n === 0;
      return call({ limiter, mix: order.mixes[i]!, key, diary, calls, hot, random });
    }),
  ),
);
watch();
tell({ is: "ready" });

/** Whoever is stopped while it writes keeps an SQLite file from all others, who cannot open it then. */
async function patiently<T>(open: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "STORE_BUSY") throw error;
    }
  }
}

async function end({ patienceMs }: Finish): Promise<void> {
  calls.finishing = true;
  const all = Promise.all(running).then(async () => {
    calls.open.set(-1, "the end of the limiters");
    await Promise.all(limiters.map((limiter) => limiter[Symbol.asyncDispose]()));
    calls.open.delete(-1);
  });
  await Promise.race([all, sleep(patienceMs)]);
  const open = [...calls.open.values()];
  if (open.length === 0) await close();
  process.send!({ is: "over", open } satisfies FromWorker, () => process.exit(0));
}

function tell(message: FromWorker): void {
  process.send!(message);
}

function watch(): void {
  let last = hostMicros();
  setInterval(() => {
    const now = hostMicros();
    if (now - last > STALL_MS * 1e3) diary.note({ what: "stall", from: last, to: now });
    last = now;
  }, LOOK_MS).unref();
}

/** The clock of a host that is set wrong, once or again and again. */
function wrongClock(clockMs: number | string): Clock {
  const error = (): number =>
    typeof clockMs === "number" ? clockMs : Number(readFileSync(clockMs, "utf8"));
  const start = typeof clockMs === "number" ? clockMs : 0;
  return {
    now: () => Math.floor((performance.now() + Math.abs(start)) * 1e3),
    wall: () => Date.now() + error(),
    setTimer: (ms, wake, idle) => {
      if (ms < 1) {
        const immediate = setImmediate(wake);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(wake, ms);
      if (idle) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
