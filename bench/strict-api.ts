/** 6. No 429 from an API that counts exactly, and what that costs. */

import { inChild } from "./harness/in-child.ts";
import { median, percent } from "./harness/numbers.ts";
import { table, title, verdict } from "./harness/report.ts";
import { clients, LIMIT, send, type Sent } from "./strict-api/client.ts";

const PASSES = 3;
const safe = ["margin of 50 ms", "concurrency with cooldown"];

export const tasks = { send };

export async function run(quick: boolean): Promise<void> {
  title(`6. 1,000 requests to an API of ${LIMIT} in any 1 s, over loopback`);
  const results = new Map<string, Sent[]>();
  for (let pass = 0; pass < (quick ? 1 : PASSES); pass++) {
    for (const name of Object.keys(clients)) {
      const sent = (await inChild<Sent>(import.meta.url, "send", name))!;
      results.set(name, [...(results.get(name) ?? []), sent]);
    }
  }
  const rows = Array.from(results, ([name, all]) => [
    name === "p-ratelimit" ? name : `Sluice, ${name}`,
    all.map(({ refused }) => refused).join(", "),
    String(Math.max(...all.map(({ worstWindow }) => worstWindow))),
    percent(useOf(all)),
    percent(1 - useOf(all)),
  ]);
  table(["", "429s in each run", "worst window", "use", "given up"], rows);
  console.log();
  for (const name of safe) {
    const all = results.get(name)!;
    const refused = all.reduce((sum, one) => sum + one.refused, 0);
    const measured = `${refused} in ${all.length} runs, ${percent(1 - useOf(all))} given up`;
    verdict(`429s with ${name}`, measured, "none", refused === 0);
  }
}

function useOf(all: readonly Sent[]): number {
  return median(all.map(({ use }) => use));
}
