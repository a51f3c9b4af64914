import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import { StoreOutage } from "./store-outage.ts";

const failed = { circuit: "open", name: "jobs", failure: new Error("gone\nat line 1") } as const;
const back = { circuit: "closed", name: "jobs" } as const;

function outageOn(clock = manualClock()) {
  const notes: string[] = [];
  const given: unknown[] = [];
  const note = (text: string): void => void notes.push(text);
  const outage = new StoreOutage({ store: "redis://h", clock, patience: 60_000, note });
  outage.onGivenUp = (failure) => given.push(failure);
  return { outage, clock, notes, given };
}

test("a store that comes back in time is waited for, and both are said", async () => {
  const { outage, clock, notes, given } = outageOn();
  outage.tell(failed);
  outage.tell(failed);
  await clock.advance(59_999);
  outage.tell(back);
  await clock.advance("1h");
  expect(notes).toEqual([
    "the store redis://h fails; rows wait for it, 1 m 0 s at the most (gone)",
    "the store redis://h is back",
  ]);
  expect({ given, failure: outage.failure }).toEqual({ given: [], failure: undefined });
});

test("one that stays away is given up, once, and the time counts from each failure", async () => {
  const { outage, clock, given } = outageOn();
  outage.tell(failed);
  await clock.advance(40_000);
  outage.tell(back);
  outage.tell(failed);
  await clock.advance(59_999);
  expect(given).toEqual([]);
  await clock.advance(1);
  outage.tell(failed);
  await clock.advance("1h");
  expect(given).toEqual([expect.objectContaining({ code: "STORE_UNAVAILABLE" })]);
  expect(outage.failure).toBe(given[0]);
});

test("a job that is over gives nothing up", async () => {
  const { outage, clock, given } = outageOn();
  outage.tell(failed);
  outage.end();
  await clock.advance("1h");
  expect(given).toEqual([]);
});
