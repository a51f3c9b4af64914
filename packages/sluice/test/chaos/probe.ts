// After a round, when nobody is left: every key can be used again, and the slots of the dead are back
// when their leases have ended. Nothing here depends on how fast the machine is: what counts is that
// nothing is refused that is asked for after that time.
import { setTimeout as sleep } from "node:timers/promises";
import { createLimiter } from "sluice";
import { hostMicros } from "./diary.ts";
import { LEASE_MS, mixes } from "./mixes.ts";
import type { WorkerOrder } from "./order.ts";
import { openStore } from "./worker-store.ts";

/** What was booked ahead or charged for lateness has passed by then. */
const RATES_MICROS = 6_000_000;

type Options = { readonly key: string; readonly cost?: unknown };
type Tried = { readonly granted: boolean; readonly limit?: string; release?(): unknown };
type Seen = { readonly limits: Readonly<Record<string, { limit: string; used: number }>> };

/** The limits are known only while it runs, and so are its types. */
interface Probed {
  tryAcquire(options: Options): Tried | Promise<Tried>;
  peek(options: Options): Seen | Promise<Seen>;
}

/** What is wrong. `since` is when the last holder was gone; `extra` is added to the lease. */
export async function probe(order: WorkerOrder, since: number, extra: number): Promise<string[]> {
  const { store, close } = await openStore({ ...order, onFailure: "none" });
  const found: string[] = [];
  try {
    for (const mix of order.mixes) {
      const { limits, cost } = mixes[mix]!;
      const limiter = createLimiter(limits, { name: `${order.name} ${mix}`, store });
      const probed = limiter as unknown as Probed;
      const units = cost(1);
      const leaseEnd = since + LEASE_MS * 1e3 + extra;
      const tell = (key: string, what: string | undefined): void => {
        if (what !== undefined) found.push(`${mix}, ${key}: ${what}`);
      };
      const asked = order.keys.map((key) => (units === undefined ? { key } : { key, cost: units }));
      for (const options of asked) {
        // A clock that was set back is followed by who writes, not by who looks.
        if (extra > 0) await attempt(probed, options).then((tried) => tried.release?.());
        tell(options.key, await untilFree(probed, options, leaseEnd));
      }
      for (const options of asked) tell(options.key, await untilGranted(probed, options, extra));
      await limiter[Symbol.asyncDispose]();
    }
  } finally {
    await close();
  }
  return found;
}

/** Until no slot is held: a look takes nothing, and what it finds was there after it was asked for. */
async function untilFree(
  limiter: Probed,
  options: Options,
  leaseEnd: number,
): Promise<string | undefined> {
  for (;;) {
    const at = hostMicros();
    const { limits } = await limiter.peek(options);
    const held = Object.values(limits).find(({ limit, used }) => /lease/.test(limit) && used > 0);
    if (!held) return undefined;
    if (at > leaseEnd) {
      return `${held.used} slots are still held ${(at - leaseEnd) / 1e3} ms after their leases`;
    }
    await sleep(5);
  }
}

async function untilGranted(
  limiter: Probed,
  options: Options,
  extra: number,
): Promise<string | undefined> {
  const begun = hostMicros();
  for (;;) {
    const at = hostMicros();
    const tried = await attempt(limiter, options);
    if (tried.granted) {
      await tried.release?.();
      return undefined;
    }
    if (at > begun + RATES_MICROS + extra) return `is refused for ever, by ${tried.limit}`;
    await sleep(5);
  }
}

/** A busy machine answers later than the grace, which is an error; the next try shows. */
async function attempt(limiter: Probed, options: Options): Promise<Tried> {
  try {
    return await limiter.tryAcquire(options);
  } catch (error) {
    return { granted: false, limit: String(error) };
  }
}
