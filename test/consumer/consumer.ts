// A user's TypeScript, compiled strictly against the installed types; compiled only, never run.
import { concurrency, createLimiter, pace, window } from "sluice";
import type { Limiter } from "sluice";
import { booked, type Ledger, type Scope, type Store } from "sluice/store";

const simple = createLimiter(["500/1h", pace("5/s", { burst: 10 })]);
const answer = simple.tryAcquire({ key: "user:7" });
const retryAfter: number | undefined = answer.granted ? 0 : answer.retryAfter;

const llm = createLimiter({
  requests: window(500, "1m"),
  tokens: window(200_000, "1m", { parts: 60, defaultCost: "required" }),
  running: concurrency(8),
});

export async function call(signal: AbortSignal): Promise<number | undefined> {
  await using permit = await llm.acquire({ cost: { tokens: 1800 }, signal, timeout: "20s" });
  permit.settle({ tokens: 900 });
  return retryAfter;
}

// @ts-expect-error: a misspelt duration
window(1, "1 minite");
// @ts-expect-error: tokens must be given
void llm.acquire();
// @ts-expect-error: a limit that does not exist
void llm.acquire({ cost: { tokens: 1, token: 1 } });

declare function connect(scope: Scope): Ledger<false>;
const store: Store<false> = { sync: false, waiting: booked({ grace: "20ms" }), open: connect };
export const remote: Promise<boolean> = createLimiter("1/1s", { name: "x", store })
  .tryAcquire()
  .then(({ granted }) => granted);

// @ts-expect-error: a grace comes with the way to wait
export const bare: Store<false> = { sync: false, grace: 20_000, open: connect };

export type Named = Limiter;
