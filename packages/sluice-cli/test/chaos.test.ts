// Law: whatever is killed with -9 and whenever, the job that is resumed ends with every row exactly
// once, leaves no process behind, and has kept its rate, by the clocks of the workers. How late a
// busy machine may be is in the margin; `npm run bench -- job-chaos` does this 200 times.
import { expect, test } from "vitest";
import { chaosRun } from "./chaos/chaos-run.ts";
import { randomFrom } from "../../sluice/test/chaos/random.ts";
import { mixes, nameOf } from "./chaos/mix.ts";

const SEED = 20261121;
const bounds = { rows: 50, limit: 30, perWorker: 14, windowMs: 2_000 };

test.concurrent.each(mixes.slice(0, 5).map((mix, at) => ({ name: nameOf(mix), mix, at })))(
  "killed and resumed: $name",
  { timeout: 180_000 },
  async ({ mix, at }) => {
    const random = randomFrom(SEED + at);
    const outcome = await chaosRun({ mix, bounds, margin: 1_500, random });
    expect(outcome.breaches).toEqual([]);
    expect(outcome.jobsKilled).toBeGreaterThan(0);
  },
);
