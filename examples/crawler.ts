/**
 * A polite crawler: hosts are the keys, each is asked evenly and by few calls at once, and a host
 * that answers "not now" is left alone for as long as it says, while the others go on. The web is a
 * function in this file; times are scaled down.
 */

import { concurrency, createLimiter, pace } from "sluice";

interface Page {
  readonly url: string;
  readonly status: number;
  /** Milliseconds, with a 429. */
  readonly retryAfter?: number;
}

const polite = createLimiter([pace("20/s"), concurrency(2)], { name: "crawler" });

const started = performance.now();
const hosts = ["a.example", "b.example", "c.example"];
const asked = new Map<string, number>();
const visits: { host: string; at: number; status: number }[] = [];

/** Takes 30 ms; b.example has had enough at its fourth page. */
async function fetchPage(url: string): Promise<Page> {
  const { host } = new URL(url);
  const at = Math.round(performance.now() - started);
  const nth = (asked.get(host) ?? 0) + 1;
  asked.set(host, nth);
  const status = host === "b.example" && nth === 4 ? 429 : 200;
  visits.push({ host, at, status });
  await new Promise((resolve) => setTimeout(resolve, 30));
  return status === 200 ? { url, status } : { url, status, retryAfter: 500 };
}

/** Closes the gate of the page's host. */
function retryAfter(outcome: unknown): number | undefined {
  return (outcome as Partial<Page> | undefined)?.retryAfter;
}

let todo = Array.from({ length: 36 }, (_, i) => `https://${hosts[i % 3]}/${Math.floor(i / 3)}`);
while (todo.length > 0) {
  const again: string[] = [];
  const options = {
    key: (url: string) => new URL(url).host,
    concurrency: todo.length, // so that a host at rest holds no other host's page back
    pauseOn: retryAfter,
  };
  for await (const page of polite.map(todo, fetchPage, options)) {
    if (page.status === 429) again.push(page.url);
  }
  if (again.length > 0) console.log(`once more: ${again.join(", ")}`);
  todo = again;
}

for (const host of hosts) {
  const own = visits.filter((visit) => visit.host === host);
  const times = own.map(({ at, status }) => (status === 200 ? `${at}` : `${at} (429)`));
  console.log(`${host}: ${times.join(" ")} ms`);
}
