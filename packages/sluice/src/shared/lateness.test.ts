import { expect, test } from "vitest";
import { concurrency } from "../limits/concurrency/builder.ts";
import { compile, type Plan } from "../limits/plan.ts";
import { window } from "../limits/window/window.ts";
import { BlankAnswer } from "../stores/blank.ts";
import type { Answer, Ask, Ledger } from "../stores/store.ts";
import { type ManualClock, manualClock } from "../testing/manual-clock.ts";
import type { Booking } from "./booking.ts";
import { Lateness } from "./lateness.ts";

const plan = planOf(5);

function planOf(count: number): Plan {
  const limits = { calls: window(count, "1s"), running: concurrency(3) };
  return compile(limits, 0, { now: 0, wall: 0 });
}

/** A caller who may go on until then. */
function granted(until: number, of = plan): Booking {
  return { plan: of, costs: [2, 1], at: 0, ticket: 1, due: 0, until };
}

interface Charging {
  readonly clock: ManualClock;
  readonly lateness: Lateness;
  readonly asks: Ask[];
}

/** A ledger that charges as many as `most` in a call. */
function charging(most: number): Charging {
  const clock = manualClock();
  const asks: Ask[] = [];
  const reserve = async (ask: Ask): Promise<Answer> => {
    asks.push(ask);
    return { ...new BlankAnswer(), admitted: Math.min(most, ask.costs.length) };
  };
  const ledger = { reserve } as Partial<Ledger<false>> as Ledger<false>;
  const lateness = new Lateness(clock, ledger, (_key, _plan, charge) => void charge());
  return { clock, lateness, asks };
}

test("who runs at the end of its grace is in time, and late after it", async () => {
  const { clock, lateness, asks } = charging(9);
  lateness.note("a", granted(30_000));
  lateness.note("a", granted(20_000));
  clock.block(20);
  lateness.check();
  expect(asks).toEqual([]);
  clock.block(10);
  lateness.check();
  await clock.advance(0);
  expect(asks.map(({ costs }) => costs.length)).toEqual([1]);
});

test("who is late is charged once, however often it is looked at; slots are held anyway", async () => {
  const { clock, lateness, asks } = charging(9);
  lateness.note("a", granted(20_000));
  lateness.note("a", granted(60_000));
  for (let i = 0; i < 4; i++) {
    clock.block(18);
    lateness.check();
  }
  await clock.advance(0);
  expect(asks.map(({ key, costs }) => ({ key, costs }))).toEqual([
    { key: "a", costs: [[2, 0]] },
    { key: "a", costs: [[2, 0]] },
  ]);
});

test("what did not fit is asked for again", async () => {
  const { clock, lateness, asks } = charging(2);
  for (let i = 0; i < 5; i++) lateness.note("a", granted(20_000));
  clock.block(21);
  await clock.advance(0);
  expect(asks.map(({ costs }) => costs.length)).toEqual([5, 3, 1]);
});

test("each is charged by the limits it was granted under", async () => {
  const { clock, lateness, asks } = charging(9);
  const later = planOf(7);
  for (const of of [plan, later, plan]) lateness.note("a", granted(20_000, of));
  clock.block(21);
  await clock.advance(0);
  const charged = asks.flatMap((ask) => ask.costs.map(() => ask.plan.text));
  expect(charged).toEqual([plan, later, plan].map(({ text }) => text));
});
