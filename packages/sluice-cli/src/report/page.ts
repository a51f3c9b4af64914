/** The page of a report: one file that needs nothing else, neither now nor in ten years. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Totals } from "../progress/json-events.ts";
import { count, perTime, plural, span } from "../progress/words.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import type { ReportData, ReportLimit } from "./report.ts";

export interface PageOptions {
  /** What the job is called. */
  readonly title: string;
  readonly totals: Totals;
}

/** What the page may load: nothing. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

export function page(data: ReportData, { title, totals }: PageOptions): string {
  const require = createRequire(import.meta.url);
  const inlined = (file: string): string =>
    readFileSync(require.resolve(`uplot/dist/${file}`), "utf8");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escape(title)}: report</title>
<style>${inlined("uPlot.min.css")}${pageStyle}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p class="sub">${escape(subtitle(data, totals))}</p>
${tiles(totals)}
<section><h2>Rate</h2><p class="note">${rateNote(data)}</p><div id="rate"></div>${limitTable(data.limits)}</section>
<div class="two">
<section><h2>How long calls took</h2><p class="note">${shapeNote(data.took)}</p><div id="took"></div></section>
<section><h2>How long calls waited for their turn</h2><p class="note">${shapeNote(data.waited)}</p><div id="waited"></div></section>
</div>
<section><h2>Calls at once</h2><div id="running"></div></section>
<section><h2>Workers</h2><p class="note">The stronger the colour, the more of a worker's calls are in use. Red: it was lost and replaced.</p><div id="workers"></div></section>
<section><h2>Errors</h2>${errorTable(data)}</section>
<footer>Written by sluice. This file is complete: it loads nothing.</footer>
</main>
<script>${inlined("uPlot.iife.min.js")}</script>
<script>${pageScript(data)}</script>
</body>
</html>
`;
}

function subtitle({ start }: ReportData, { elapsed, early, output, store }: Totals): string {
  const when = new Date(start).toISOString().replace("T", " ").slice(0, 19);
  const shared = store === undefined ? "" : `limits shared as ${store}; `;
  return `${when} UTC, ${span(elapsed)}${early ? ", ended early" : ""}; ${shared}results in ${output}`;
}

function tiles({ ok, failed, rate, retries, crashes, elapsed, skipped }: Totals): string {
  const tile = (value: string, what: string, bad = false): string =>
    `<div class="tile${bad ? " bad" : ""}"><b>${value}</b><span>${what}</span></div>`;
  return `<div class="tiles">${[
    tile(count(ok), ok === 1 ? "row ok" : "rows ok"),
    tile(count(failed), failed === 1 ? "row failed" : "rows failed", failed > 0),
    tile(perTime(rate), "calls, on average"),
    tile(span(elapsed), "first to last"),
    tile(count(retries), retries === 1 ? "retry" : "retries"),
    tile(count(crashes), crashes === 1 ? "worker lost" : "workers lost", crashes > 0),
    ...(skipped > 0 ? [tile(count(skipped), "done by an earlier run")] : []),
  ].join("")}</div>`;
}

function rateNote({ smooth, width }: ReportData): string {
  const over = unbroken(Math.max(smooth, width) * 1e3);
  return `Averages over ${over}. A limit over a longer span is drawn as what it comes to in the long run, and may be passed for a while.`;
}

function shapeNote({ median, p95, p99, longest }: ReportData["took"]): string {
  return `half within ${unbroken(median)}, 95 % within ${unbroken(p95)}, 99 % within ${unbroken(p99)}, the longest ${unbroken(longest)}`;
}

function limitTable(limits: readonly ReportLimit[]): string {
  const rows = limits.map(({ name, perSecond, count: most, fullest }) => {
    const seen =
      most === undefined || fullest === undefined
        ? "<td></td>"
        : `<td class="n ${fullest > most ? "over" : "ok"}">${count(fullest)} of ${count(most)}</td>`;
    const rate = perSecond === undefined ? "" : perTime(perSecond);
    return `<tr><td>${escape(name)}</td><td class="n">${rate}</td>${seen}</tr>`;
  });
  return `<table><tr><th>limit</th><th class="n">in the long run</th><th class="n">fullest window</th></tr>${rows.join("")}</table>`;
}

function errorTable({ errors }: ReportData): string {
  if (errors.length === 0) return `<p class="note">No call failed.</p>`;
  const most = errors[0]!.count;
  const rows = errors.map(
    ({ kind, count: times, example, index }) =>
      `<tr><td>${escape(kind)}</td><td class="n">${count(times)}</td><td style="width: 22%"><div class="bar" style="width: ${Math.round((100 * times) / most)}%"></div></td><td class="words">row ${count(index)}: ${escape(example)}</td></tr>`,
  );
  const all = errors.reduce((sum, { count: times }) => sum + times, 0);
  return `<p class="note">${plural(all, "call", "calls")} failed, those that were tried again included.</p><table><tr><th>kind</th><th class="n">calls</th><th></th><th>the first</th></tr>${rows.join("")}</table>`;
}

/** A duration that no line breaks apart. */
function unbroken(ms: number): string {
  return span(ms).replaceAll(" ", "&nbsp;");
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (sign) => entities[sign]!);
}
