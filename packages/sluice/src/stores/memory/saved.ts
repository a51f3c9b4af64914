/** All rows as JSON, and back: instants are shifted by the time in between. */

import { loadState, saveState } from "../../limits/history.ts";
import type { Moment } from "../../limits/limit.ts";
import type { Plan } from "../../limits/plan.ts";
import type { SavedState } from "../store.ts";
import type { Rows } from "./rows.ts";

type SavedRow = SavedState["rows"][number];

export function saveRows(rows: Rows, moment: Moment): SavedState {
  const gate = rows.commonGate;
  const saved: SavedRow[] = [];
  const save = (key: string | null, row: number, shared: boolean): void => {
    const plan = rows.planOf(row);
    saved.push({
      key,
      plan: plan.text,
      gate: key === null ? gate : rows.gate(row),
      states: plan.rules
        .filter((rule) => rule.shared === shared)
        .map((rule) => saveState(rule.limit, rows.place(rule, row), moment)),
    });
  };
  for (const key of rows.keys()) {
    const row = rows.any(key);
    if (rows.idleFrom(row, moment) > moment.now) save(key, row, false);
  }
  const shared = rows.sharedRow;
  const used = shared !== 0 && rows.idleFrom(shared, moment, true) > moment.now;
  if (used) save(null, shared, true);
  else if (gate > moment.now) saved.push({ key: null, plan: "", gate, states: [] });
  return { now: moment.now, wall: moment.wall / 1e3, rows: saved };
}

/** Replaces all rows and gates. Rows of other limits than now are left out. */
export function loadRows(
  rows: Rows,
  state: SavedState,
  plans: ReadonlyMap<string, Plan>,
  moment: Moment,
): void {
  for (const key of Array.from(rows.keys())) rows.forget(key);
  rows.forgetShared();
  const elapsed = Math.max(0, Math.round(moment.wall - state.wall * 1e3));
  const by = moment.now - state.now - elapsed;
  let gate = 0;
  for (const saved of state.rows) {
    if (saved.key === null) gate = saved.gate + by;
    const plan = plans.get(saved.plan);
    if (!plan) continue;
    const shared = saved.key === null;
    const row = saved.key === null ? rows.shared(plan) : rows.create(saved.key, plan);
    if (!shared && saved.gate > 0) rows.setGate(row, Math.max(0, saved.gate + by));
    plan.rules
      .filter((rule) => rule.shared === shared)
      .forEach((rule, i) => {
        loadState(rule.limit, saved.states[i] ?? [], by, rows.site(rule, row));
      });
  }
  rows.setCommonGate(Math.max(0, gate));
}
