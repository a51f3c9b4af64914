// Limits may change all the time: what rows and looks were made by goes with them.
import { expect, test } from "vitest";
import { inOneProcess } from "../../limits/adapted.ts";
import { compile, type LimitsInput, type Plan } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { Rows } from "./rows.ts";

const SINCE = { now: 1_000, wall: 1_000 };

function planOf(limits: LimitsInput): Plan {
  return inOneProcess(compile(limits, 0, SINCE));
}

function rowsOf(): Rows {
  return new Rows("full", { ...SINCE, since: SINCE.now });
}

/** Plans that take room in each row, the limiter's too. */
function manyPlans(): Plan[] {
  return Array.from({ length: 100 }, (_, i) =>
    planOf([
      window(1_000 + i, "1m", { parts: 1_000 }),
      window(9_000 + i, "1m", { parts: 1_000, per: "limiter" }),
    ]),
  );
}

/** The numbers of ten rows. */
const FEW = 10 * 1_010;

test("plans that were only looked at leave no rows", () => {
  const rows = rowsOf();
  for (const plan of manyPlans()) {
    rows.blank(plan);
    rows.seenShared(plan);
  }
  expect(rows.arena.cells.length).toBeLessThan(FEW);
});

test("nor do plans whose keys have others now", () => {
  const rows = rowsOf();
  const plans = manyPlans();
  rows.create("a", plans[0]!);
  rows.shared(plans[0]!);
  for (const plan of plans) {
    rows.blank(plan);
    expect(rows.planOf(rows.find("a", plan))).toBe(plan);
    expect(rows.planOf(rows.shared(plan))).toBe(plan);
  }
  expect(rows.arena.cells.length).toBeLessThan(FEW);
});

test("nor do plans whose keys were forgotten", () => {
  const rows = rowsOf();
  const stays = planOf("5/1m");
  rows.create("stays", stays);
  for (const plan of manyPlans()) {
    rows.blank(plan);
    rows.create("goes", plan);
    rows.shared(plan);
    rows.forget("goes");
    rows.forgetShared();
  }
  expect(rows.arena.cells.length).toBeLessThan(FEW);
  expect(rows.planOf(rows.find("stays", stays))).toBe(stays);
});

test("rows and blanks are found again, whatever came and went in between", () => {
  const rows = rowsOf();
  const plans = manyPlans().slice(0, 5);
  plans.forEach((plan, i) => {
    rows.blank(plan);
    rows.create(`${i}`, plan);
  });
  const blank = rows.blank(plans[1]!);
  rows.forget("2");
  rows.blank(planOf("7/1m"));
  rows.blank(planOf("8/1m"));
  rows.create("new", planOf("9/1m"));
  plans.forEach((plan, i) => {
    if (i !== 2) expect(rows.planOf(rows.find(`${i}`, plan))).toBe(plan);
  });
  expect(rows.blank(plans[1]!)).toBe(blank);
  expect(rows.planOf(rows.blank(plans[2]!))).toBe(plans[2]);
});
