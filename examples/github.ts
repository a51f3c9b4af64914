/**
 * One cost under two windows, as APIs have them ("20 in 250 ms and 50 in 1 s" stands for "500 an
 * hour and 1000 a day"): both are taken or none, and neither is ever exceeded in any window.
 */

import { createLimiter } from "sluice";
import { type Admission, worstWindow } from "sluice/testing";

const github = createLimiter(["20/250ms", "50/1s"], { name: "github" });

const started = performance.now();
const sent: Admission[] = [];

async function listIssues(page: number): Promise<number> {
  sent.push({ at: performance.now() - started, units: 1 });
  await new Promise((resolve) => setTimeout(resolve, 10)); // where the request would be
  return page;
}

const pages = Array.from({ length: 120 }, (_, page) => page);
for await (const page of github.map(pages, listIssues, { concurrency: 120, ordered: true })) {
  if (page === 49) console.log(`after 50 calls: ${github.explain().text.split("\n", 1)[0]}`);
}

for (let from = 0; from <= 2_250; from += 250) {
  const count = sent.filter(({ at }) => at >= from && at < from + 250).length;
  console.log(`${String(from).padStart(4)} ms  ${"#".repeat(count)} ${count}`);
}
console.log(`most in any 250 ms: ${worstWindow(sent, 250).units} of 20`);
console.log(`most in any second: ${worstWindow(sent, 1_000).units} of 50`);

// Without waiting: a refusal says which of the two it is.
const answer = github.tryAcquire();
if (!answer.granted) console.log(`refused by ${answer.limit}, again in ${answer.retryAfter} ms`);
