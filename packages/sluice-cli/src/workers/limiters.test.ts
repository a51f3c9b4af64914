/** A row's limiters: the worker's side and the job's side, with nothing but calls between them. */

import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import type { JobOptions } from "../runner/job-options.ts";
import { LimiterClient } from "./limiter-client.ts";
import { LimiterDesk } from "./limiter-desk.ts";

function desk(limiters: NonNullable<JobOptions["limiters"]>) {
  const clock = manualClock();
  const all = new LimiterDesk(limiters, clock);
  const worker = () => {
    const client = new LimiterClient({
      names: all.names,
      ask: (ask, verb) => session.ask(ask, verb),
      forget: (ask) => session.forget(ask),
    });
    const session = all.open({
      answer: (ask, value) => client.answer(ask, value),
      refuse: (ask, error) => client.refuse(ask, error),
    });
    return { client, session };
  };
  return { clock, worker };
}

const signal = new AbortController().signal;

test("one budget over all workers; a permit is released by its worker", async () => {
  const { worker } = desk({ db: ["1 at once"] });
  const [one, other] = [worker(), worker()];
  const permit = await one.client.limiter("db", signal).acquire();
  expect(await other.client.limiter("db", signal).tryAcquire()).toEqual({
    granted: false,
    limit: "1 at once",
  });
  await permit.release();
  expect(await other.client.limiter("db", signal).tryAcquire()).toMatchObject({ granted: true });
});

test("a wait passes when there is room, and says how long it was", async () => {
  const { worker, clock } = desk({ api: "1/1s" });
  const { client } = worker();
  await client.limiter("api", signal).acquire();
  const second = client.limiter("api", signal).acquire();
  await clock.advance("1s");
  expect((await second).waited).toBe(1_000);
  expect(client.waiting).toBe(0);
});

test("cost, key, priority, timeout and settle are the limiter's own", async () => {
  const { worker } = desk({ llm: { tokens: "1000/1m", calls: "10/1m" } });
  const llm = worker().client.limiter("llm", signal);
  const permit = await llm.acquire({ key: "a", cost: { tokens: 900 } });
  await expect(
    llm.acquire({ key: "a", cost: { tokens: 200 }, timeout: "1s" }),
  ).rejects.toMatchObject({ name: "LimitExceededError", code: "LIMIT_EXCEEDED" });
  await permit.settle({ tokens: 100 });
  await llm.acquire({ key: "a", cost: { tokens: 200 }, timeout: "1s" });
  await llm.acquire({ key: "b", cost: { tokens: 1000 }, timeout: "1s" });
  await expect(llm.acquire({ cost: { tokens: 1001 } })).rejects.toMatchObject({
    code: "COST_IMPOSSIBLE",
  });
});

test("pause holds everyone", async () => {
  const { worker } = desk({ api: "100/1s" });
  await worker().client.limiter("api", signal).pause("5s");
  expect(await worker().client.limiter("api", signal).tryAcquire()).toEqual({
    granted: false,
    limit: "pause",
    retryAfter: 5_000,
  });
});

test("a wait ends with the row's signal and takes nothing", async () => {
  const { worker, clock } = desk({ db: ["1 at once"] });
  const { client } = worker();
  const permit = await client.limiter("db", signal).acquire();
  const row = new AbortController();
  const waiting = client.limiter("db", row.signal).acquire();
  row.abort(new Error("timed out"));
  await expect(waiting).rejects.toThrow("timed out");
  await permit.release();
  await clock.advance(0);
  expect(await client.limiter("db", signal).tryAcquire()).toMatchObject({ granted: true });
});

test("what a worker held or waited for comes back when it ends", async () => {
  const { worker, clock } = desk({ db: ["1 at once"] });
  const [dead, alive] = [worker(), worker()];
  await dead.client.limiter("db", signal).acquire();
  void dead.client
    .limiter("db", signal)
    .acquire()
    .catch(() => {});
  const next = alive.client.limiter("db", signal).acquire();
  dead.session.end();
  await clock.advance(0);
  expect(await next).toMatchObject({ granted: true });
});

test("a second release, and a name that the job does not have", async () => {
  const { worker } = desk({ db: ["1 at once"] });
  const { client } = worker();
  const permit = await client.limiter("db", signal).acquire();
  await permit.release();
  await permit[Symbol.asyncDispose]();
  await expect(permit.settle(1)).rejects.toMatchObject({ code: "PERMIT_RELEASED" });
  await expect(permit.release()).rejects.toMatchObject({ code: "PERMIT_RELEASED" });
  expect(() => client.limiter("llm", signal)).toThrow('the job has no limiter "llm" (it has db)');
});

test("what was used is carried over into another desk, except under other limits", async () => {
  const limiters = { api: "5/1m", other: { calls: "1/1m" } } as const;
  const clock = manualClock();
  const before = new LimiterDesk(limiters, clock);
  const session = before.open({ answer: () => {}, refuse: () => {} });
  for (let ask = 0; ask < 3; ask += 1) session.ask(ask, { do: "try", name: "api", options: {} });
  session.ask(3, { do: "try", name: "other", options: {} });
  const saved = JSON.parse(JSON.stringify(before.snapshot())) as ReturnType<typeof before.snapshot>;
  await clock.advance("10s");

  const granted = async (desk: LimiterDesk, name: string): Promise<number> => {
    let most = 0;
    const answer = (_ask: number, value: unknown): void => {
      if ((value as { granted: boolean }).granted) most += 1;
    };
    const again = desk.open({ answer, refuse: () => {} });
    for (let ask = 0; ask < 9; ask += 1) again.ask(ask, { do: "try", name, options: {} });
    await new Promise((resolve) => setImmediate(resolve));
    return most;
  };
  const after = new LimiterDesk({ ...limiters, other: { calls: "2/1m" } }, clock);
  after.restore(saved);
  expect(await granted(after, "api")).toBe(2);
  expect(await granted(after, "other")).toBe(2);
});
