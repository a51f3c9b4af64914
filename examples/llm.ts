/**
 * Calls to a language model under three limits at once: requests, tokens and calls in flight. Each
 * call takes an estimate of its tokens and settles what it really used, so that a cautious estimate
 * costs nothing in the end. The model is a function in this file; times are scaled down.
 */

import { concurrency, createLimiter, window } from "sluice";
import { type Admission, worstWindow } from "sluice/testing";

const llm = createLimiter(
  {
    requests: window(20, "500ms"),
    tokens: window(10_000, "500ms", { parts: 25, defaultCost: "required" }),
    running: concurrency(6),
  },
  { name: "llm" },
);

const started = performance.now();
const now = (): number => performance.now() - started;
const sent: Admission[] = [];
let inFlight = 0;
let mostInFlight = 0;

/** A model that takes 20 to 60 ms and between a third and all of the tokens that were allowed. */
async function callModel(prompt: number, maxTokens: number): Promise<{ total: number }> {
  sent.push({ at: now(), units: 1 });
  mostInFlight = Math.max(mostInFlight, ++inFlight);
  await new Promise((resolve) => setTimeout(resolve, 20 + ((prompt * 7) % 40)));
  inFlight--;
  return { total: Math.round(maxTokens * (1 / 3 + ((prompt * 37) % 100) / 150)) };
}

async function complete(prompt: number): Promise<number> {
  const estimate = 1_200;
  // Released at the end of the block, and when the model throws.
  using permit = await llm.acquire({ cost: { tokens: estimate }, timeout: "10s" });
  const usage = await callModel(prompt, estimate);
  permit.settle({ tokens: usage.total });
  return usage.total;
}

const calls = Array.from({ length: 40 }, (_, prompt) => complete(prompt));
const { position, limit } = llm.explain({ cost: { tokens: 1_200 } });
console.log(`${position} calls wait; ${limit} binds`);

const used = (await Promise.all(calls)).reduce((sum, tokens) => sum + tokens, 0);
console.log(`40 calls in ${Math.round(now())} ms, ${used} tokens of the ${40 * 1_200} estimated`);
console.log(`most in flight: ${mostInFlight} of 6`);
console.log(`most requests in any 500 ms: ${worstWindow(sent, 500).units} of 20`);
