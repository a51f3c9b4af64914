import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";
import fc from "fast-check";
import { pace, quota, window } from "sluice";
import { manualClock, type ManualClock, worstWindow } from "sluice/testing";
import { expect, onTestFinished, test } from "vitest";
import { ErrorKinds } from "./error-kinds.ts";
import { FullestWindow } from "./fullest-window.ts";
import { Histogram } from "./histogram.ts";
import { page } from "./page.ts";
import { Report } from "./report.ts";
import { TimeBuckets } from "./time-buckets.ts";
import { writeReport } from "./write-report.ts";

const totals = {
  elapsed: 61_000,
  rows: 3,
  ok: 2,
  failed: 1,
  unreadable: 0,
  skipped: 0,
  calls: 4,
  retries: 1,
  crashes: 1,
  rate: 2,
  allowed: "2/1s",
  early: false,
  output: '"out.jsonl"',
};

const limits = {
  "2/1s": window(2, "1s", { per: "limiter" }),
  "3/s even per worker": pace("3/s"),
  "100/day": quota(86_400, "day", { per: "limiter" }),
};

/** Two calls at once in one worker for half a second, one of which fails, and one more. */
async function someReport(clock: ManualClock): Promise<Report> {
  const report = new Report({ clock, gate: { limits, margin: 0 }, concurrency: 4 });
  report.onWorker(0, "ready");
  report.onStarted({ index: 0, attempt: 1, slot: 0 }, 0);
  report.onStarted({ index: 1, attempt: 1, slot: 0 }, 12);
  await clock.advance("500ms");
  report.onEnded({ index: 0, attempt: 1, slot: 0 });
  report.onFinished();
  report.onEnded({ index: 1, attempt: 1, slot: 0 }, new Error("</script><b>no & no"));
  report.onRetry();
  report.onWorker(0, "crashed");
  await clock.advance("1s");
  report.onStarted({ index: 1, attempt: 2, slot: 0 }, 0);
  await clock.advance("500ms");
  return report;
}

test("what a report knows of a job", async () => {
  const clock = manualClock();
  const start = clock.wall();
  const data = (await someReport(clock)).data();
  expect(data).toMatchObject({ start, width: 0.125, smooth: 1, lanes: 4 });
  // Each start counts for a second: two a second from 0 to 1, one from 1.5 on.
  expect(data.started).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 1]);
  expect(data.failed.slice(0, 5)).toEqual([0, 0, 0, 0, 1]);
  expect(data.running.slice(0, 5)).toEqual([2, 2, 2, 2, 0]);
  expect(data.workers).toEqual([[0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
  expect(data.events).toEqual([
    { slot: 0, at: 0, state: "ready" },
    { slot: 0, at: 0.5, state: "crashed" },
  ]);
  expect(data.limits).toEqual([
    { name: "2/1s", perSecond: 2, count: 2, fullest: 2 },
    { name: "3/s even per worker", perSecond: 3 },
    { name: "100/day", perSecond: 1 },
  ]);
  expect(data.took).toMatchObject({ median: 500, longest: 500, mean: 500 });
  expect(data.errors).toMatchObject([{ kind: "Error", count: 1, index: 1 }]);
});

test("the page is one file: it loads nothing, and nothing from the rows is taken for markup", async () => {
  const html = page((await someReport(manualClock())).data(), { title: "a <job> & co", totals });
  expect(html).not.toMatch(/<(link|img|iframe|object|embed|base)\b/i);
  expect(html).not.toMatch(/\b(src|href|action|srcset)\s*=\s*["']?[^"'\s>]/i);
  const code = html.replace(/\/\*[\s\S]*?\*\//g, ""); // a licence names its home
  expect(code).not.toMatch(
    /@import|url\(|\bimport\s*\(|\bfetch\(|XMLHttpRequest|WebSocket|https?:/,
  );
  expect(html).toContain("default-src 'none'");
  expect(html.match(/<\/script>/g)).toHaveLength(2);
  expect(html).toContain("<h1>a &lt;job&gt; &amp; co</h1>");
  expect(html).toContain("<b>2</b><span>rows ok</span>"); // the word of the summary
  expect(html).toContain("&lt;/script&gt;&lt;b&gt;no &amp; no");
});

test("the scripts of the page are sound, and every function they call is there", async () => {
  const html = page((await someReport(manualClock())).data(), { title: "job", totals });
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code]) => code!);
  expect(scripts).toHaveLength(2);
  for (const code of scripts) expect(() => new Script(code)).not.toThrow();
  const own = scripts[1]!.slice(0, scripts[1]!.lastIndexOf("drawReport(uPlot"));
  const defined = new Set([...own.matchAll(/function (\w+)\(/g)].map(([, name]) => name));
  const called = [...own.matchAll(/(?<![.\w])([a-z]\w+)\(/g)].map(([, name]) => name!);
  const known = new Set(["if", "for", "function", "getComputedStyle", "fit", "paint", "at", "x"]);
  const missing = called.filter((name) => !defined.has(name) && !known.has(name));
  expect(missing).toEqual([]);
});

test("a report that cannot be written says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const report = await someReport(manualClock());
  await writeReport("report.html", folder, report, { title: "job", totals });
  expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/^<!doctype html>/);
  await expect(
    writeReport("none/report.html", folder, report, { title: "job", totals }),
  ).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
});

test("buckets join when a job outlasts them, and nothing is lost", () => {
  const spans = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e4 })),
  );
  fc.assert(
    fc.property(spans, (list) => {
      const buckets = new TimeBuckets(1, 100);
      const late = buckets.addSeries();
      for (const [from, length] of list) buckets.addSpan(late, from, from + length);
      const all = buckets.values(late, 480).reduce((sum, value) => sum + value, 0);
      expect(all).toBeCloseTo(
        list.reduce((sum, [, length]) => sum + length, 0),
        3,
      );
      expect(buckets.values(0, 480).every((value) => value === 0)).toBe(true);
    }),
  );
  const buckets = new TimeBuckets(1, 100);
  buckets.addSpan(0, 0, 100);
  buckets.addSpan(0, 100 * 480 - 50, 100 * 480 + 50);
  expect(buckets.width).toBe(200);
  expect(buckets.values(0, 1)).toEqual([100]);
});

test("quantiles are at most a bin above the truth", () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 1_000; ms += 1) histogram.add(ms * 1e3);
  expect([histogram.count, histogram.mean, histogram.longest]).toEqual([1_000, 500.5, 1_000]);
  for (const share of [0.5, 0.95, 0.99]) {
    const truth = 1_000 * share;
    expect(histogram.quantile(share)).toBeGreaterThanOrEqual(truth);
    expect(histogram.quantile(share)).toBeLessThan(truth * 1.1);
  }
  expect(histogram.quantile(1)).toBe(1_000);
  expect(histogram.bins().counts.reduce((sum, count) => sum + count, 0)).toBe(1_000);
  expect(new Histogram().bins()).toEqual({ to: [], counts: [] });
  expect(new Histogram().quantile(0.5)).toBe(0);
});

test("the fullest window is the oracle's, up to twice what is expected", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 20 }), (list, count) => {
      const fullest = new FullestWindow(count, 100);
      let at = 0;
      const admissions = list.map((gap) => {
        at += gap;
        fullest.add(at);
        return { at, units: 1 };
      });
      const truth = worstWindow(admissions, 100).units;
      expect(fullest.most).toBe(Math.min(truth, 2 * count + 1));
    }),
  );
});

test("errors by kind: name and code, the commonest first, and no more than fifty", () => {
  const kinds = new ErrorKinds();
  for (let index = 0; index < 100; index += 1) {
    kinds.add(index, Object.assign(new Error(`n ${index}`), { code: `E${index}` }));
  }
  kinds.add(100, "just a text");
  kinds.add(101, Object.assign(new Error("again"), { code: "E7" }));
  kinds.add(102, undefined);
  expect(kinds.list).toHaveLength(51);
  expect(kinds.list.slice(0, 2)).toMatchObject([
    { kind: "others", count: 52, index: 50, example: "n 50" },
    { kind: "Error E7", count: 2, index: 7, example: "n 7" },
  ]);
});

test("the page says which limits are shared, and where", async () => {
  const store = '"a<b" in redis://h';
  const data = (await someReport(manualClock())).data();
  expect(page(data, { title: "job", totals: { ...totals, store } })).toContain(
    "limits shared as &quot;a&lt;b&quot; in redis://h; results in",
  );
});
