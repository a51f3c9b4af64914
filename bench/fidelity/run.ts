/** One run: the demand, the blocks, the recording. */

import { createLimiter, pace, window } from "sluice";
import { type Pacing, pacingPeers, type Submit } from "../peers/pacing.ts";
import { type Judgement, judge, type Recording } from "./judge.ts";
import { demanded, DURATION_MS, type Scenario, scenarios, wanted } from "./scenarios.ts";

export interface RunOrder {
  readonly who: string;
  readonly scenario: string;
  readonly blocked: boolean;
}

/** A contender that has not got through by now is judged on what it did. */
const PATIENCE_MS = 2.5 * DURATION_MS;
const BLOCK_MS = 30;
const BLOCK_EVERY_MS = 250;
const ARRIVALS_EVERY_MS = 10;

export async function run({ who, scenario: name, blocked }: RunOrder): Promise<Judgement> {
  const scenario = scenarios[name]!;
  const submit = who === "sluice" ? sluice(scenario) : peer(pacingPeers[who]!, scenario);
  await submit(() => undefined); // compiles the way through; another limiter than the one measured
  const fresh = who === "sluice" ? sluice(scenario) : peer(pacingPeers[who]!, scenario);
  const stop = blocked ? blockTheLoop() : () => undefined;
  const recording = await record(scenario, fresh);
  stop();
  return judge(scenario, recording);
}

function sluice({ kind, count, span, catchUp = 0 }: Scenario): Submit {
  const limiter = createLimiter(
    kind === "window" ? window(count, span) : pace(`${count}/${span}ms`, { catchUp }),
  );
  return async (job) => {
    await limiter.acquire();
    job();
  };
}

function peer(pacing: Pacing, { count, span }: Scenario): Submit {
  return pacing(count, span);
}

function record(scenario: Scenario, submit: Submit): Promise<Recording> {
  const arrivals: number[] = [];
  const admissions: { number: number; at: number }[] = [];
  const enough = wanted(scenario);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const arrive = (): void => {
      const now = performance.now();
      const due = Math.min(demanded(scenario, now - started), 2 * enough);
      while (arrivals.length < due) {
        const number = arrivals.push(now) - 1;
        submit(() => {
          const at = performance.now();
          if (admissions.length === enough) return;
          admissions.push({ number, at });
          if (admissions.length === enough) end();
        }).catch(reject);
      }
    };
    const ticking = setInterval(arrive, ARRIVALS_EVERY_MS);
    const giveUp = setTimeout(() => end(), PATIENCE_MS);
    const end = (): void => {
      clearInterval(ticking);
      clearTimeout(giveUp);
      resolve({ arrivals, admissions });
    };
    arrive();
  });
}

/** Computes for 30 ms, four times a second. */
function blockTheLoop(): () => void {
  const blocking = setInterval(() => {
    const end = performance.now() + BLOCK_MS;
    while (performance.now() < end);
  }, BLOCK_EVERY_MS);
  return () => clearInterval(blocking);
}
