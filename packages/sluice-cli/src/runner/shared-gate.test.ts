import { StoreUnavailableError } from "sluice";
import { sharedMemory } from "sluice/shared-memory";
import { manualClock } from "sluice/testing";
import { expect, test } from "vitest";
import type { OpenGate } from "./gate.ts";
import { openSharedGate } from "./shared-gate.ts";

const { signal } = new AbortController();

function memoryOf(name = "memory") {
  return { store: sharedMemory(new SharedArrayBuffer(2 ** 20)), name, close: () => {} };
}

function openerOn(store: ReturnType<typeof memoryOf>, clock = manualClock()) {
  const base = { margin: 0, limits: undefined, perWorker: undefined, name: "jobs", clock };
  return (options: Partial<Parameters<typeof openSharedGate>[0]>) =>
    openSharedGate({ ...base, store, storeTimeout: 1_000, note: () => {}, ...options });
}

async function admitted(gate: OpenGate, keys: string[]): Promise<string[]> {
  const passed: string[] = [];
  for (const key of keys) void gate.acquire({ key, signal }).then(() => passed.push(key));
  await new Promise((resolve) => setImmediate(resolve));
  return passed;
}

test("jobs of one name hold one limit, and a limit per worker is of each job's own", async () => {
  const open = openerOn(memoryOf());
  const limited = { limits: "5/1m", perWorker: "2/1m" } as const;
  const one = await open(limited);
  const other = await open(limited);
  expect(await admitted(one, Array(4).fill("worker 0"))).toHaveLength(2);
  expect(await admitted(other, Array(4).fill("worker 0"))).toHaveLength(2);
  expect(await admitted(other, Array(4).fill("worker 1"))).toHaveLength(1);
  expect(one).toMatchObject({ allowed: "5/1m, 2/1m per worker", store: '"jobs" in memory' });
});

test("another name, another budget", async () => {
  const open = openerOn(memoryOf());
  const one = await open({ limits: "2/1m" });
  const other = await open({ limits: "2/1m", name: "others" });
  expect(await admitted(one, Array(4).fill("worker 0"))).toHaveLength(2);
  expect(await admitted(other, Array(4).fill("worker 0"))).toHaveLength(2);
});

test("other numbers count what jobs with others have taken", async () => {
  const open = openerOn(memoryOf());
  expect(await admitted(await open({ limits: "3/1m" }), Array(4).fill("worker 0"))).toHaveLength(3);
  expect(await admitted(await open({ limits: "5/1m" }), Array(9).fill("worker 0"))).toHaveLength(2);
});

test("a pause is for all jobs", async () => {
  const open = openerOn(memoryOf());
  const one = await open({ limits: "5/1s" });
  const other = await open({ limits: "5/1s" });
  one.pause(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await admitted(other, ["worker 0"])).toHaveLength(0);
});

test("what binds is known once the store has answered, by the name that the job shows", async () => {
  const clock = manualClock();
  const open = openerOn(memoryOf(), clock);
  const gate = await open({ limits: "9/1m", perWorker: "1/1m" });
  await admitted(gate, ["worker 0"]);
  gate.binding(0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(gate.binding(0)).toBe("1/1m per worker");
});

test.each([
  ["only limits per worker", { perWorker: "2/1s" }, "RATE_MISSING"],
  ["nothing", {}, "RATE_MISSING"],
  ["blocked", { limits: "blocked" }, "RATE_BLOCKED"],
  ["a margin that is none", { limits: "1/1s", margin: "soon" as never }, "INVALID_OPTION"],
] as const)("%s", async (_what, options, code) => {
  await expect(openerOn(memoryOf())(options)).rejects.toMatchObject({ code });
});

test("limits of another kind", async () => {
  const open = openerOn(memoryOf());
  await admitted(await open({ limits: "5/1m" }), ["worker 0"]);
  await expect(open({ limits: "5/1m even" })).rejects.toMatchObject({ code: "LIMITS_CONFLICT" });
});

test("while the store fails it is the store that holds rows back, and then the job ends", async () => {
  const clock = manualClock();
  const { store: sound, ...memory } = memoryOf();
  let fails = false;
  const store = {
    ...memory,
    store: {
      ...sound,
      open: (scope: Parameters<typeof sound.open>[0]) =>
        new Proxy(sound.open(scope), {
          get: (ledger, name) => {
            if (fails) throw new StoreUnavailableError("it is gone.");
            const value = Reflect.get(ledger, name) as unknown;
            return typeof value === "function" ? (value.bind(ledger) as unknown) : value;
          },
        }),
    },
  };
  const notes: string[] = [];
  const gate = await openerOn(store, clock)({ limits: "5/1s", note: (text) => notes.push(text) });
  fails = true;
  const waiting = gate.acquire({ key: "worker 0", signal });
  const rejected = expect(waiting).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  for (let step = 0; step < 100; step += 1) {
    gate.binding();
    await clock.advance("100ms");
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(gate.binding()).toBe("the store");
  await rejected;
  expect(notes).toEqual([expect.stringContaining("the store memory fails; rows wait for it")]);
  await expect(gate.acquire({ key: "worker 0", signal })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
});
