/** 1. One key, allowed at once: the cost of a decision in clock reads, beside every peer's. */

import { concurrency, createLimiter, type Limiter, pace, type Permit, window } from "sluice";
import { inChild } from "./harness/in-child.ts";
import { digits, median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { against, clockRead, emptyAwait, type Speed, type Subject } from "./harness/rounds.ts";
import { asyncPeers, semaphore, syncPeers } from "./peers/allowed.ts";

const CALLS = 160_000;
const SLOTS = 16;
const PASSES = 5;

// Never full at these speeds: room for 100 calls a microsecond.
const wide = window(100_000, "1ms");
const fast = pace("100000/s", { burst: 1e9 });
const slots = concurrency(SLOTS);
const three = { window: wide, pace: fast, slots };

const sync: Record<string, () => Subject> = {
  "tryAcquire, window": () => trying(createLimiter(wide)),
  "tryAcquire, pace": () => trying(createLimiter(fast)),
  "tryAcquire, window + pace + concurrency": () => tryingOnly(createLimiter(three)),
  "the same with its release()": () => tryingAndReleasing(createLimiter(three)),
  "tryAcquire without a key, window": () => tryingKeyless(createLimiter(wide)),
  "tryAcquire and release(), concurrency": () => tryingAndReleasing(createLimiter(slots)),
  ...syncPeers,
  ...semaphore,
};

const awaited: Record<string, () => Subject> = {
  "await acquire, window": () => acquiring(createLimiter(wide)),
  "await acquire, pace": () => acquiring(createLimiter(fast)),
  ...asyncPeers,
};

const targets: Record<string, number> = {
  "tryAcquire, window": 2,
  "tryAcquire, pace": 2,
  "tryAcquire, window + pace + concurrency": 3,
};

type Trier = Pick<Limiter, "tryAcquire">;

function trying(limiter: Trier): Subject {
  return {
    calls: CALLS,
    batch: (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) {
        const answer = limiter.tryAcquire({ key: "user:7" });
        if (answer.granted) granted++;
      }
      return granted;
    },
  };
}

function tryingKeyless(limiter: Trier): Subject {
  return {
    calls: CALLS,
    batch: (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) if (limiter.tryAcquire().granted) granted++;
      return granted;
    },
  };
}

/** Half of the slots are held at any time. */
function tryingAndReleasing(limiter: Trier): Subject {
  const held: (Permit | undefined)[] = Array.from({ length: SLOTS / 2 }, () => undefined);
  return {
    calls: CALLS,
    batch: (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) {
        const answer = limiter.tryAcquire({ key: "user:7" });
        if (!answer.granted) continue;
        granted++;
        held[i % held.length]?.release();
        held[i % held.length] = answer;
      }
      return granted;
    },
  };
}

/** All slots are taken in a piece and returned after it: only the decision is timed. */
function tryingOnly(limiter: Trier): Subject {
  const held: Permit[] = [];
  return {
    calls: CALLS,
    pieces: CALLS / SLOTS,
    batch: (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) {
        const answer = limiter.tryAcquire({ key: "user:7" });
        if (!answer.granted) continue;
        granted++;
        held.push(answer);
      }
      return granted;
    },
    afterPiece: () => {
      for (const permit of held) permit.release();
      held.length = 0;
    },
  };
}

function acquiring(limiter: Pick<Limiter, "acquire">): Subject {
  return {
    calls: 20_000,
    rest: 5,
    batch: async (calls) => {
      let granted = 0;
      for (let i = 0; i < calls; i++) if ((await limiter.acquire()).granted) granted++;
      return granted;
    },
  };
}

/** Two decisions around a busy loop in one turn: each reads the clock. */
function clockIsReadEachTime(): boolean {
  const limiter = createLimiter(wide);
  const first = limiter.tryAcquire();
  const end = performance.now() + 5;
  while (performance.now() < end);
  const second = limiter.tryAcquire();
  return first.granted && second.granted && second.instant - first.instant >= 4;
}

export const tasks = {
  sync: (name: string): Promise<Speed> => against(clockRead, sync[name]!()),
  awaited: (name: string): Promise<Speed> => against(emptyAwait, awaited[name]!()),
};

type Results = Map<string, Speed[]>;

export async function run(quick: boolean): Promise<void> {
  title("1. One key, allowed at once");
  const results: Record<keyof typeof tasks, Results> = { sync: new Map(), awaited: new Map() };
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    for (const name of Object.keys(sync)) await measure("sync", name, results.sync);
    for (const name of Object.keys(awaited)) await measure("awaited", name, results.awaited);
  }
  show("a decision, called in turn", "clock reads", results.sync);
  show("a decision, awaited in turn", "empty awaits", results.awaited);
  judge(results);
}

async function measure(task: keyof typeof tasks, name: string, results: Results): Promise<void> {
  const speed = await inChild<Speed>(import.meta.url, task, name, 60_000);
  if (speed) results.set(name, [...(results.get(name) ?? []), speed]);
}

function show(what: string, unit: string, results: Results): void {
  const rows = Array.from(results, ([name, speeds]) => {
    const ratios = speeds.map((speed) => speed.ratio);
    const spread = `${digits(Math.min(...ratios))} to ${digits(Math.max(...ratios))}`;
    return [
      name,
      digits(median(speeds.map((speed) => speed.subject))),
      digits(median(speeds.map((speed) => speed.floor))),
      digits(median(ratios)),
      spread,
    ];
  });
  table([what, "ns", "floor ns", unit, "in all runs"], rows);
  console.log();
}

function judge(results: Record<keyof typeof tasks, Results>): void {
  const cost = (name: string): number => median(results.sync.get(name)!.map(({ ratio }) => ratio));
  for (const [name, most] of Object.entries(targets)) {
    const ratio = cost(name);
    verdict(name, `${digits(ratio)} clock reads`, `at most ${most}`, ratio <= most);
  }
  const nanoseconds = (speeds: Speed[]): number => median(speeds.map(({ subject }) => subject));
  const peers = [...results.sync, ...results.awaited]
    .filter(([name]) => name in syncPeers || name in asyncPeers)
    .map(([name, speeds]) => ({ name, ns: nanoseconds(speeds) }))
    .toSorted((a, b) => a.ns - b.ns);
  const slowest = Math.max(
    ...["tryAcquire, window", "tryAcquire, pace"].map((each) =>
      nanoseconds(results.sync.get(each)!),
    ),
  );
  const best = peers[0]!;
  verdict(
    "against the fastest peer",
    `${digits(slowest)} ns; ${best.name} ${digits(best.ns)} ns`,
    "faster than every peer",
    slowest < best.ns,
  );
  const read = clockIsReadEachTime();
  verdict("two decisions around 5 ms of work", read ? "differ" : "are alike", "differ", read);
  console.log("No decision was refused: a run with one ends with an error.");
}
