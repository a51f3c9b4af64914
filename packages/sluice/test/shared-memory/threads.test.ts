// Threads that fight for the same keys of one SharedArrayBuffer, judged by what all were granted.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildHammer } from "./built-hammer.ts";
import { breachOf, MIXES, recordsOf } from "./order.ts";
import { threadsTogether } from "./threads-together.ts";

const hammer = buildHammer();
afterAll(() => rmSync(hammer));

test.each(Object.keys(MIXES))("threads keep the promise of %s together", async (mix) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  try {
    const logs = await threadsTogether(hammer, folder, mix);
    const records = recordsOf(logs);
    expect(breachOf(mix, records)).toBeUndefined();
    const each = logs.map((log) => recordsOf([log]).length);
    // They met: every thread was granted something.
    expect(Math.min(...each)).toBeGreaterThan(0);
    if (mix !== "exactly") return;
    expect(records.reduce((sum, { units }) => sum + units, 0)).toBe(5_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
