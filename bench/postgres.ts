/** 10. PostgreSQL: one key that everybody wants, and keys that nobody shares. */

import { startServers } from "./fleet/servers.ts";
import { inChild } from "./harness/in-child.ts";
import { digits, median, percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import type { Speed } from "./harness/rounds.ts";
import { clientNames } from "./postgres/clients.ts";
import { distinctKeys, distinctLimits } from "./postgres/distinct-keys.ts";
import { type Hot, hotKey, hotLimits } from "./postgres/hot-key.ts";

const LEAST_TIMES = 10;
const LEAST_SHARE = 0.5;

export const tasks = { hotKey, distinctKeys };

export async function run(quick: boolean): Promise<void> {
  const servers = await startServers();
  try {
    await hot(servers.postgres, quick);
    await distinct(servers.postgres);
  } finally {
    await servers.stop();
  }
}

async function hot(url: string, quick: boolean): Promise<void> {
  title("10. PostgreSQL: 500 wait for one key, beside rate-limiter-flexible");
  const rows: string[][] = [];
  for (const client of clientNames) {
    for (const limit of Object.keys(hotLimits)) {
      const order = { url, client, limit, ms: 1_500, rounds: quick ? 1 : 5 };
      const { sluice, peer } = (await inChild<Hot>(import.meta.url, "hotKey", order))!;
      const times = median(sluice.map((rate, i) => rate / peer[i]!));
      const what = `${client}, ${limit}`;
      rows.push([what, digits(median(sluice)), digits(median(peer)), digits(times)]);
      verdict(what, `${digits(times)} times`, `at least ${LEAST_TIMES}`, times >= LEAST_TIMES);
    }
  }
  console.log();
  table(["admissions a second", "Sluice", "peer", "times"], rows);
}

async function distinct(url: string): Promise<void> {
  title("10. PostgreSQL: 10,000 distinct keys, beside a bare upsert through the same client");
  const rows: string[][] = [];
  for (const client of clientNames) {
    for (const limit of Object.keys(distinctLimits)) {
      for (const underway of [1, 16, 64]) {
        const order = { url, client, limit, underway };
        const speed = (await inChild<Speed>(import.meta.url, "distinctKeys", order))!;
        const share = 1 / speed.ratio;
        const what = `${client}, ${limit}, ${underway} under way`;
        rows.push([what, digits(speed.subject / 1e3), digits(speed.floor / 1e3), percent(share)]);
        verdict(what, percent(share), `at least ${percent(LEAST_SHARE, 0)}`, share >= LEAST_SHARE);
      }
    }
  }
  console.log();
  table(["microseconds a call", "Sluice", "bare upsert", "share"], rows);
}
