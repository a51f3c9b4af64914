import { createLimiter, window } from "sluice";
import { worstWindow } from "sluice/testing";
import { pacingPeers } from "../peers/pacing.ts";

const MILLION = 1_000_000;
const RATE = 200_000;

export interface Drained {
  /** From the first caller that went on to the last one. */
  readonly seconds: number;
  /** The most callers in any half-open second. */
  readonly worst: number;
}

/** A million callers at once through a window of 200,000 per second, by their own clock. */
export async function drain(who: string): Promise<Drained> {
  const at = new Float64Array(MILLION);
  let went = 0;
  await new Promise<void>((resolve, reject) => {
    const goOn = (): void => {
      at[went++] = performance.now();
      if (went === MILLION) resolve();
    };
    if (who === "sluice") {
      const limiter = createLimiter(window(RATE, "1s"));
      for (let i = 0; i < MILLION; i++) limiter.acquire().then(goOn, reject);
    } else {
      const submit = pacingPeers[who]!(RATE, 1_000);
      for (let i = 0; i < MILLION; i++) submit(goOn).catch(reject);
    }
  });
  const stamps = Array.from(at, (ms) => ({ at: Math.floor(ms * 1e3), units: 1 }));
  const [first, last] = extremes(at);
  return { seconds: (last - first) / 1e3, worst: worstWindow(stamps, 1e6).units };
}

function extremes(at: Float64Array): [number, number] {
  return [
    at.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY),
    at.reduce((most, one) => Math.max(most, one), 0),
  ];
}
