// Processes that are killed and stopped anywhere over one mapped file: never over the limit, and
// nothing is left behind that would keep others waiting.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildHammer } from "./built-hammer.ts";
import { round } from "./rounds.ts";

const hammer = buildHammer();
const folder = mkdtempSync(join(tmpdir(), "sluice-"));
afterAll(() => {
  rmSync(hammer);
  rmSync(folder, { recursive: true });
});

test.each(["window", "rates", "pace", "mixed", "shared"])(
  "processes keep the promise of %s, killed and stopped",
  async (mix) => {
    const own = mkdtempSync(join(folder, "round-"));
    const { breach, admissions, killed, stuck } = await round(hammer, own, mix, 1, 400, (below) =>
      Math.floor(Math.random() * below),
    );
    expect(breach).toBeUndefined();
    expect(stuck).toEqual([]);
    expect(killed).toBe(1);
    expect(admissions).toBeGreaterThan(0);
  },
);
