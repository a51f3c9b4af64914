// Callers of a chaos round: they take, hold, settle and give back as users do, and write down what
// happened to them.
import { setTimeout as sleep } from "node:timers/promises";
import { type Diary, hostMicros } from "./diary.ts";
import { mixes } from "./mixes.ts";

// The limits are known only while it runs, and so are the types of a limiter.
type AnyPermit = {
  readonly granted: true;
  readonly ticket: number;
  readonly instant: number;
  readonly waited: number;
  readonly signal: AbortSignal;
  settle(actual: unknown): void;
  release(): void | Promise<void>;
};
type Verbs = {
  acquire(options: object): Promise<AnyPermit>;
  tryAcquire(
    options: object,
  ): AnyPermit | { granted: false } | Promise<AnyPermit | { granted: false }>;
};

export interface Calls {
  /** What has not ended. */
  readonly open: Map<number, string>;
  next: number;
  finishing: boolean;
}

export interface Caller {
  readonly limiter: unknown;
  readonly mix: string;
  readonly key: string;
  readonly diary: Diary;
  readonly calls: Calls;
  readonly hot: boolean;
  /** From 0 to below 1. */
  random(): number;
}

const ABORTED = new Error("the caller does not want it any more");

export async function call(caller: Caller): Promise<void> {
  const { calls, hot, random } = caller;
  while (!calls.finishing) {
    const id = (calls.next += 1);
    const granted = await take(caller, id);
    if (granted) await use(caller, id, granted);
    // A hot one comes round with the event loop, and otherwise does little but call.
    if (hot && random() < 0.95) await new Promise((resolve) => setImmediate(resolve));
    else if (!granted || random() < 0.1) await sleep(1 + 10 * random());
  }
}

async function take(caller: Caller, id: number): Promise<AnyPermit | undefined> {
  const { mix, key, diary, calls, random } = caller;
  const limiter = caller.limiter as Verbs;
  const units = random() < 0.25 ? 2 : 1;
  const cost = mixes[mix]!.cost(units);
  const asked = { key, ...(cost === undefined ? {} : { cost }) };
  const { verb, after } = wish(caller);
  const abort = new AbortController();
  const timer = verb === "abort" ? setTimeout(() => abort.abort(ABORTED), after) : undefined;
  const from = hostMicros();
  const ended = (outcome: string): undefined => {
    const at = hostMicros();
    const overrun = after === undefined ? 0 : Math.max(0, at - from - after * 1e3);
    diary.note({ what: "ended", verb, outcome, at, overrun });
    return undefined;
  };
  calls.open.set(id, `${verb} of ${mix}, ${key}`);
  try {
    const permit =
      verb === "try"
        ? await limiter.tryAcquire(asked)
        : await limiter.acquire({
            ...asked,
            ...(verb === "timeout" ? { timeout: after } : {}),
            ...(verb === "abort" ? { signal: abort.signal } : {}),
          });
    const ran = hostMicros();
    if (!permit.granted) return caller.hot ? undefined : ended("refused");
    const { ticket, instant } = permit;
    const handed = from + Math.round(permit.waited * 1e3);
    diary.note({ what: "granted", call: id, mix, key, units, ticket, instant, handed, ran });
    return permit;
  } catch (error) {
    return ended(error === ABORTED ? "aborted" : outcomeOf(error));
  } finally {
    clearTimeout(timer);
    calls.open.delete(id);
  }
}

function wish({ hot, random }: Caller): { verb: string; after: number | undefined } {
  const chance = random();
  if (hot || chance < 0.15) return { verb: "try", after: undefined };
  if (chance < 0.3) return { verb: "timeout", after: Math.ceil(400 * random()) };
  if (chance < 0.45) return { verb: "abort", after: Math.ceil(400 * random()) };
  return { verb: "acquire", after: undefined };
}

async function use(
  { mix, key, diary, calls, hot, random }: Caller,
  call: number,
  permit: AnyPermit,
): Promise<void> {
  const slots = mixes[mix]!.promised.some(({ kind }) => kind === "slots");
  if (slots && !hot) {
    // Now and then longer than a lease, which the heartbeat has to keep.
    const long = random() < 0.03 ? 900 : random() < 0.2 ? 120 : 12;
    await sleep(long * random());
  }
  try {
    if (mix !== "slots" && random() < 0.3) {
      const actual = Math.floor(4 * random());
      const cost = mixes[mix]!.cost(actual);
      diary.note({ what: "settled", call, actual });
      permit.settle(cost);
    }
    const { aborted } = permit.signal;
    diary.note({ what: "done", call, at: hostMicros(), aborted });
    calls.open.set(call, `release of ${mix}, ${key}`);
    await permit.release();
  } catch (error) {
    const outcome = outcomeOf(error);
    diary.note({ what: "ended", verb: "release", outcome, at: hostMicros(), overrun: 0 });
  } finally {
    calls.open.delete(call);
  }
}

/** The code of an error of the library; what has none is a bug of somebody. */
export function outcomeOf(error: unknown): string {
  const { code, stack } = error as { code?: unknown; stack?: string };
  const isCoded = typeof code === "string" && (error as Error).name !== "Error";
  return isCoded && /^[A-Z_]+$/.test(code) ? code : `no code: ${stack ?? String(error)}`;
}
