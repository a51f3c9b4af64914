/** One run: the demand, the blocks, the recording. */

import { createLimiter, pace, window } from "sluice";
import { type Pacing, pacingPeers, type Submit } from "../peers/pacing.ts";
import { type Judgement, judge, type Recording } from "./judge.ts";
import { demanded, DURATION_MS, type Scenario, scenarios, wanted } from "./scenarios.ts";

export interface RunOrder {
  readonly who: string;
  readonly scenario: string;
  readonly blocked: boolean;
  /** Without a run before it, in which code is compiled. */
  readonly cold?: boolean;
}

/** A contender that has not got through by now is judged on what it did. */
const PATIENCE_MS = 2.5 * DURATION_MS;
const WARM_UP_MS = 2_000;
const BLOCK_MS = 30;
const BLOCK_EVERY_MS = 250;
const ARRIVALS_EVERY_MS = 10;

export async function run({ who, scenario: name, blocked, cold }: RunOrder): Promise<Judgement> {
  const scenario = scenarios[name]!;
  const submit = (): Submit =>
    who === "sluice" ? sluice(scenario) : peer(pacingPeers[who]!, scenario);
  if (!cold) await warmUp(scenario, submit());
  const stop = blocked ? blockTheLoop() : () => undefined;
  const enough = wanted(scenario, DURATION_MS);
  const recording = await record(scenario, submit(), enough, 2 * enough);
  stop();
  return judge(scenario, recording);
}

/** The same on another limiter than the one that is judged; bursts all of them, the rest for 2 s. */
async function warmUp(scenario: Scenario, submit: Submit): Promise<void> {
  const enough = wanted(scenario, WARM_UP_MS);
  await record(scenario, submit, enough, enough);
  globalThis.gc?.();
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

function record(
  scenario: Scenario,
  submit: Submit,
  enough: number,
  most: number,
): Promise<Recording> {
  const arrivals = new Float64Array(most);
  const admitted = new Float64Array(enough);
  const at = new Float64Array(enough);
  let [arrived, passed] = [0, 0];
  const started = performance.now();
  return new Promise((resolve) => {
    const arrive = (): void => {
      const now = performance.now();
      const due = Math.min(demanded(scenario, now - started), most);
      while (arrived < due) {
        const number = arrived++;
        arrivals[number] = now;
        // One that fails ends the process.
        void submit(() => {
          const time = performance.now();
          if (passed === enough) return;
          admitted[passed] = number;
          at[passed++] = time;
          if (passed === enough) end();
        });
      }
    };
    const ticking = setInterval(arrive, ARRIVALS_EVERY_MS);
    const giveUp = setTimeout(() => end(), PATIENCE_MS);
    const end = (): void => {
      clearInterval(ticking);
      clearTimeout(giveUp);
      resolve({
        arrivals: arrivals.subarray(0, arrived),
        admitted: admitted.subarray(0, passed),
        at: at.subarray(0, passed),
      });
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
