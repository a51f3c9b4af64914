// One thread or process that asks, settles, cancels and releases as fast as it can, and writes down
// what it was granted: each record before the next ask, so that a kill loses one at the most.
import { closeSync, openSync, writeSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";
import { systemClock } from "../../src/clock.ts";
import { compile } from "../../src/limits/plan.ts";
import { sharedMemory } from "../../src/stores/shared-memory.ts";
import type { Order } from "./order.ts";
import { MIXES } from "./order.ts";
import { scopeOf } from "../scope.ts";
import { askFor } from "../../src/stores/store.ts";

const order = (isMainThread ? JSON.parse(process.argv[2]!) : workerData) as Order;

const store = sharedMemory(order.memory);
const ledger = store.open(scopeOf({ name: "hammer", clock: systemClock }));
const now = ledger.now();
const plan = compile(MIXES[order.mix]!, 0, { now, wall: now });
const file = openSync(order.log, "a");
const record = new Float64Array(4);
let random = order.seed;

/** An admission (instant, units, ticket, key), or the release of its slot (units 0). */
function note(at: number, units: number, ticket: number, key: number): void {
  record.set([at, units, ticket, key]);
  writeSync(file, new Uint8Array(record.buffer));
}

function whole(below: number): number {
  random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
  return (random >>> 8) % below;
}

function hammer(): void {
  const held: { n: number; ticket: number }[] = [];
  const slots = plan.rules.map((rule) => (rule.limit.kind === "concurrency" ? 1 : 0));
  const end = ledger.now() + order.millis * 1e3;
  for (let turn = 0; ledger.now() < end; turn++) {
    const n = whole(order.keys);
    const key = `key ${n}`;
    const units = whole(4) === 0 ? 2 : 1;
    const costs = slots.map((slot) => slot || units);
    const maxWait = order.books && whole(8) === 0 ? 5_000 : 0;
    const ask = askFor(key, plan, [costs], maxWait);
    const { admitted, instants, tickets, now: at } = ledger.reserve(ask);
    if (admitted === 0) {
      release(held.shift());
      continue;
    }
    const [instant = 0] = instants;
    const [ticket = 0] = tickets;
    if (instant > at && whole(2) === 0) {
      const none = costs.map(() => 0);
      const change = { kind: "cancel", key, plan, ticket, at: instant, taken: costs } as const;
      ledger.amend([{ ...change, actual: none }]);
      continue;
    }
    note(instant, units, ticket, n);
    if (plan.hasConcurrency) held.push({ n, ticket });
    if (held.length > 1) release(held.shift());
  }
  for (const one of held) release(one);
}

/** Notes it before it happens: others may have the slot from then on. */
function release(one: { n: number; ticket: number } | undefined): void {
  if (!one) return;
  note(ledger.now(), 0, one.ticket, one.n);
  ledger.amend([{ kind: "release", plan, key: `key ${one.n}`, ticket: one.ticket }]);
}

if (order.ready) {
  const ready = new Int32Array(order.ready.counter);
  Atomics.add(ready, 0, 1);
  while (Atomics.load(ready, 0) < order.ready.of);
}
hammer();
ledger.close();
closeSync(file);
