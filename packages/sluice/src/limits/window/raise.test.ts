import { expect, test } from "vitest";
import type { PartsLimit } from "../limit.ts";
import { commit, raise, size, sums } from "./parts.ts";
import { window } from "./window.ts";

test("raising a turn in parts leaves alone what was booked ahead of it", () => {
  const limit = window(10, "1s", { parts: 10 }) as PartsLimit;
  const cells = new Float64Array(size(limit));
  commit(limit, cells, 0, 6, 1);
  commit(limit, cells, 0, 2, 2);
  commit(limit, cells, 0, 4, 1_100_001);
  raise(limit, cells, 0, 2, 2, 949_000);
  expect(sums(limit, cells, 0).at(-1)?.sum).toBe(4);
});
