/** 9. Redis: a hot key, distinct keys, and what both take of the server's memory. */

import { Redis } from "ioredis";
import { createLimiter, pace, quota, window } from "sluice";
import { redis } from "sluice/redis";
import { inChild } from "./harness/in-child.ts";
import { digits, median } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { type Load, measure, type Measured } from "./redis/load.ts";
import { startServer, usedMemory } from "./redis/servers.ts";
import { type Admit, floor, peers, trying, waiting } from "./redis/subjects.ts";

const ROUNDS = 7;
const WARM_UP = 2;
/** Short rounds, and more of them: what else the machine does falls on all alike. */
const KEY_ROUNDS = 5;
const KEYS = 100_000;
const DAY = 10_000;

/** Never full here. */
const hotLimits = {
  window: window(1_000_000, "1s"),
  "window in parts": window(100_000_000, "1m", { parts: 60 }),
  pace: pace("100000/s", { burst: 1e8 }),
  quota: quota(1e9, "1h"),
};
const keyLimits = { window: window(100, "1m"), pace: pace("1/s", { burst: 10 }) };

interface Order {
  readonly url: string;
  readonly rounds: number;
}

type Rounds = Record<string, Measured[]>;

/** Each of the subjects in turn, in every round. */
async function hot({ url, rounds }: Order): Promise<Rounds> {
  const client = new Redis(url);
  const subjects: Record<string, [admit: Admit, admissions: number]> = {};
  for (const [name, peer] of Object.entries(peers)) subjects[name] = [peer(client), 50_000];
  for (const [name, limit] of Object.entries(hotLimits)) {
    subjects[`Sluice, ${name}`] = [waiting(client, `hot ${name}`, limit), 300_000];
  }
  const measured: Rounds = {};
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [name, [admit, admissions]] of Object.entries(subjects)) {
      const result = await measure(client, admit, { callers: 500, admissions, keys: 1 });
      if (round >= WARM_UP) (measured[name] ??= []).push(result);
    }
  }
  client.disconnect();
  return measured;
}

/** The second admission of each of many keys: there is something to be read, and as much in each. */
async function distinct({ url, rounds }: Order): Promise<Rounds> {
  const client = new Redis(url);
  const load: Load = { callers: 100, admissions: KEYS / 20, keys: KEYS / 20 };
  const subjects: Record<string, Admit> = {};
  for (const [name, limit] of Object.entries(keyLimits)) {
    subjects[name] = trying(client, `keys ${name}`, limit);
    for (let i = 0; i < 2; i++) await subjects[name]("first");
    const bytes = await client.strlen(`sluice:keys ${name}:{first}`);
    const life = await client.pttl(`sluice:keys ${name}:{first}`);
    subjects[`floor of ${name}, ${bytes} bytes`] = await floor(client, bytes, life);
  }
  for (const [name, peer] of Object.entries(peers)) subjects[name] = peer(client);
  const measured: Rounds = {};
  for (let round = 0; round < WARM_UP + KEY_ROUNDS * rounds; round++) {
    for (const [name, admit] of Object.entries(subjects)) {
      const fresh = { ...load, prefix: `${round}:` };
      await measure(client, admit, fresh);
      const result = await measure(client, admit, fresh);
      if (round >= WARM_UP) (measured[name] ??= []).push(result);
    }
    await client.flushall();
  }
  client.disconnect();
  return measured;
}

interface Bytes {
  readonly perPaceKey: number;
  readonly perAdmission: number;
}

async function memory({ url }: Order): Promise<Bytes> {
  const client = new Redis(url);
  const store = redis(client, { grace: "5s" });
  const before = await usedMemory(client);
  const one = createLimiter(pace("1/1h"), { name: "p", store });
  const names = Array.from({ length: KEYS }, (_, i) => `user:${100_000 + i}`);
  for (let i = 0; i < KEYS; i += 1_000) {
    await Promise.all(names.slice(i, i + 1_000).map((key) => one.tryAcquire({ key })));
  }
  const own = names.reduce((sum, name) => sum + name.length, 0);
  const perPaceKey = ((await usedMemory(client)) - before - own) / KEYS;
  const day = createLimiter(window(DAY, "1d"), { name: "d", store });
  for (let i = 0; i < DAY; i++) await day.tryAcquire();
  if ((await day.tryAcquire()).granted) throw new Error("The day holds too many.");
  const rows = await client.keys("sluice:d:*");
  const sizes = await Promise.all(rows.map((row) => client.memory("USAGE", row)));
  client.disconnect();
  const perAdmission = sizes.reduce((sum: number, size) => sum + (size ?? 0), 0) / DAY;
  return { perPaceKey, perAdmission };
}

export const tasks = { hot, distinct, memory };

export async function run(quick: boolean): Promise<void> {
  const server = await startServer();
  const order: Order = { url: server.url, rounds: quick ? 1 : ROUNDS };
  try {
    title("9. Redis, one hot key, 500 waiting at once");
    judgeHot((await inChild<Rounds>(import.meta.url, "hot", order))!);
    title("9. Redis, distinct keys, 100 asking at once");
    judgeDistinct((await inChild<Rounds>(import.meta.url, "distinct", order))!);
    title("9. Redis, memory");
    const { perPaceKey, perAdmission } = (await inChild<Bytes>(import.meta.url, "memory", order))!;
    verdict(
      "a key with a pace, beyond its name",
      `${digits(perPaceKey)} bytes`,
      "at most 140",
      perPaceKey <= 140,
    );
    verdict(
      "an admission of 10,000 a day",
      `${digits(perAdmission)} bytes`,
      "at most 16",
      perAdmission <= 16,
    );
  } finally {
    await server.stop();
  }
}

/** The median over the rounds of how many times as fast the one was as the fastest of the others. */
function ratio(measured: Rounds, one: string, others: readonly string[]): number {
  const ratios = measured[one]!.map(({ perSecond }, round) => {
    return perSecond / Math.max(...others.map((other) => measured[other]![round]!.perSecond));
  });
  return median(ratios);
}

function show(measured: Rounds): void {
  const rows = Object.entries(measured).map(([name, rounds]) => {
    const of = (field: keyof Measured): number => median(rounds.map((round) => round[field]));
    return [
      name,
      digits(of("perSecond") / 1e3),
      digits(of("cpu")),
      digits(of("server")),
      of("calls").toFixed(3),
    ];
  });
  table(["", "k/s", "µs of CPU", "µs of the server", "calls"], rows);
  console.log();
}

function judgeHot(measured: Rounds): void {
  show(measured);
  for (const name of Object.keys(measured).filter((each) => each.startsWith("Sluice"))) {
    const times = ratio(measured, name, Object.keys(peers));
    verdict(`${name}, against the best peer`, `${digits(times)} times`, "5", times >= 5);
  }
}

function judgeDistinct(measured: Rounds): void {
  show(measured);
  for (const name of Object.keys(keyLimits)) {
    const other = Object.keys(measured).find((each) => each.startsWith(`floor of ${name}`))!;
    const share = ratio(measured, name, [other]);
    verdict(`a ${name}, against its floor`, `${digits(share * 100)} %`, "80 %", share >= 0.8);
  }
}
