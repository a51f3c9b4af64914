/**
 * What runs in the page of a report: these functions go into it as text, so they use nothing but
 * each other, the browser and uPlot.
 */

import type uPlot from "uplot";
import type { Distribution, ReportData } from "./report.ts";

interface Page {
  readonly Plot: typeof uPlot;
  readonly data: ReportData;
  /** The middle of each bucket, in seconds. */
  readonly times: number[];
}

export function drawReport(Plot: typeof uPlot, data: ReportData): void {
  const times = data.started.map((_, bucket) => (bucket + 0.5) * data.width);
  const page = { Plot, data, times };
  drawRate(page);
  drawRunning(page);
  drawDistribution(page, "took", data.took, "--started");
  drawDistribution(page, "waited", data.waited, "--limit");
  drawWorkers(page);
}

function drawRate(page: Page): void {
  const { data, times } = page;
  const again = data.retried.some((rate) => rate > 0);
  const peak = Math.max(...data.started, 0.001);
  draw(page, "rate", {
    height: 300,
    y: (value) => `${short(value)}/s`,
    columns: [
      times,
      [...data.started],
      [...data.finished],
      [...data.failed],
      ...(again ? [[...data.retried]] : []),
    ],
    series: [
      line("calls started", "--started", 0.1),
      line("rows finished", "--finished"),
      line("calls failed", "--failed"),
      ...(again ? [line("tried again", "--soft")] : []),
    ],
    marks: data.limits.flatMap(({ name, perSecond }) =>
      perSecond !== undefined && perSecond < 3 * peak ? [{ name, value: perSecond }] : [],
    ),
  });
}

function drawRunning(page: Page): void {
  const { data, times } = page;
  const near = Math.max(...data.running) > data.lanes / 4;
  draw(page, "running", {
    height: 180,
    y: short,
    columns: [times, [...data.running]],
    series: [line("calls at once, on average", "--started", 0.16)],
    marks: near ? [{ name: "all that may run", value: data.lanes }] : [],
  });
}

/** Bars over bins that grow: each bin is as wide as the next. */
function drawDistribution(page: Page, id: string, shape: Distribution, colour: string): void {
  const { Plot } = page;
  draw(page, id, {
    height: 210,
    y: (calls) => (Number.isInteger(calls) ? short(calls) : ""),
    columns: [shape.to.map((_, bin) => bin), [...shape.counts]],
    series: [
      {
        ...line("calls", colour, 0.55),
        paths: Plot.paths.bars!({ size: [0.86, 60] }),
        points: { show: false },
      },
    ],
    x: (bin) => (Number.isInteger(bin) ? duration(shape.to[bin]) : ""),
    legend: (bin) => `up to ${duration(shape.to[bin])}`,
  });
}

interface Chart {
  readonly height: number;
  readonly columns: number[][];
  readonly series: uPlot.Series[];
  readonly y: (value: number) => string;
  /** Levels that are not to be passed. */
  readonly marks?: readonly Mark[];
  /** The texts of the x axis, where it is not time. */
  readonly x?: (value: number) => string;
  readonly legend?: (value: number) => string;
}

interface Mark {
  readonly name: string;
  readonly value: number;
}

function draw({ Plot }: Page, id: string, chart: Chart): void {
  const place = document.getElementById(id);
  if (!place || chart.columns[0]!.length === 0) return;
  const x = chart.x ?? ((value: number) => span(value));
  const marks = chart.marks ?? [];
  const highest = Math.max(0, ...marks.map(({ value }) => value));
  const axis = { stroke: colourOf("--soft"), grid: { stroke: colourOf("--grid"), width: 1 } };
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: chart.height,
    padding: [10, 14, 0, 0],
    scales: {
      x: { time: false, ...(chart.x ? { range: (_, min, max) => [min - 0.6, max + 0.6] } : {}) },
      y: { range: (_, __, max) => [0, Math.max(max || 1, highest) * 1.12] },
    },
    cursor: { points: { size: 7 }, drag: { x: !chart.x, y: false } },
    axes: [
      { ...axis, ticks: axis.grid, space: 70, values: (_, values) => values.map(x) },
      { ...axis, ticks: axis.grid, size: 62, values: (_, values) => values.map(chart.y) },
    ],
    series: [
      {
        label: chart.x ? "took" : "at",
        value: (_, v) => (v == null ? "" : (chart.legend ?? x)(v)),
      },
      ...chart.series.map((series) => ({
        ...series,
        value: (_: uPlot, v: number | null) => (v == null ? "" : chart.y(v)),
      })),
    ],
  };
  options.hooks = { draw: [(plot) => marks.forEach((mark) => drawMark(plot, mark))] };
  const plot = new Plot(options, chart.columns as uPlot.AlignedData, place);
  const fit = (): void => plot.setSize({ width: place.clientWidth, height: chart.height });
  window.addEventListener("resize", fit);
}

/** A dashed line with its name at its end. */
function drawMark(plot: uPlot, { name, value }: Mark): void {
  const { ctx: pen, bbox } = plot;
  const y = Math.round(plot.valToPos(value, "y", true));
  const scale = window.devicePixelRatio || 1;
  pen.save();
  pen.strokeStyle = pen.fillStyle = colourOf("--limit");
  pen.lineWidth = 1.4 * scale;
  pen.setLineDash([7 * scale, 5 * scale]);
  pen.beginPath();
  pen.moveTo(bbox.left, y);
  pen.lineTo(bbox.left + bbox.width, y);
  pen.stroke();
  pen.font = `600 ${12 * scale}px system-ui, sans-serif`;
  pen.textAlign = "right";
  pen.textBaseline = "bottom";
  pen.fillText(name, bbox.left + bbox.width - 4 * scale, y - 2 * scale);
  pen.restore();
}

/** A row for each worker: the darker, the more of its calls are in use; marks where it was lost. */
function drawWorkers({ data }: Page): void {
  const place = document.getElementById("workers");
  const canvas = document.createElement("canvas");
  if (!place || data.workers.length === 0) return;
  place.append(canvas);
  const paint = (): void => paintWorkers(canvas, place.clientWidth, data);
  paint();
  window.addEventListener("resize", paint);
}

function paintWorkers(canvas: HTMLCanvasElement, width: number, data: ReportData): void {
  const left = 62;
  const row = data.workers.length > 40 ? 8 : 20;
  const height = data.workers.length * row + 24;
  const scale = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * scale, height: height * scale });
  canvas.style.cssText = `width: ${width}px; height: ${height}px; display: block`;
  const pen = canvas.getContext("2d")!;
  pen.scale(scale, scale);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const seconds = data.started.length * data.width;
  const at = (time: number): number => left + ((width - left - 14) * time) / seconds;
  data.workers.forEach((loads, slot) => {
    const top = slot * row;
    if (row > 10 || slot % 5 === 0) text(pen, `worker ${slot}`, 0, top + row / 2);
    pen.fillStyle = colourOf("--grid");
    pen.fillRect(left, top + 1, width - left - 14, row - 3);
    pen.fillStyle = colourOf("--started");
    loads.forEach((load, bucket) => {
      if (load <= 0) return;
      pen.globalAlpha = 0.15 + 0.85 * Math.min(1, load);
      const from = at(bucket * data.width);
      pen.fillRect(from, top + 1, at((bucket + 1) * data.width) - from + 0.5, row - 3);
    });
    pen.globalAlpha = 1;
  });
  pen.fillStyle = colourOf("--failed");
  for (const { slot, at: time, state } of data.events) {
    if (state === "crashed") pen.fillRect(at(time) - 1.5, slot * row - 1, 3, row + 1);
  }
  pen.textAlign = "center";
  const step = stepFor(seconds);
  for (let time = step; time < seconds; time += step) text(pen, span(time), at(time), height - 8);
}

/** Seconds between two texts of an axis: as round as clocks have them. */
function stepFor(seconds: number): number {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
  return steps.find((step) => seconds / step <= 13) ?? Math.ceil(seconds / 10 / 21_600) * 21_600;
}

function text(pen: CanvasRenderingContext2D, words: string, x: number, y: number): void {
  pen.fillStyle = colourOf("--soft");
  pen.fillText(words, x, y);
}

function line(label: string, colour: string, fill = 0): uPlot.Series {
  const stroke = colourOf(colour);
  const alpha = Math.round(fill * 255);
  return {
    label,
    stroke,
    width: 1.6,
    points: { show: false },
    ...(fill > 0 ? { fill: stroke + alpha.toString(16).padStart(2, "0") } : {}),
  };
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return String(+value.toPrecision(3));
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return "";
  if (ms <= 0.01) return "0";
  if (ms < 1) return `${+(ms * 1e3).toPrecision(2)} µs`;
  return ms < 1e3 ? `${+ms.toPrecision(2)} ms` : span(ms / 1e3);
}

function span(seconds: number): string {
  if (seconds < 100) return `${+seconds.toPrecision(3)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.floor(seconds % 60);
  if (minutes < 100) return rest === 0 ? `${minutes} m` : `${minutes} m ${rest} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 72
    ? `${hours} h ${minutes % 60} m`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The text of the page's script; it expects `uPlot`. */
export function pageScript(data: ReportData): string {
  const functions = [
    drawReport,
    drawRate,
    drawRunning,
    drawDistribution,
    draw,
    drawMark,
    drawWorkers,
    stepFor,
    paintWorkers,
    text,
    line,
    colourOf,
    short,
    duration,
    span,
  ];
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  // Loaders that keep the names of functions leave calls of `__name` in their text.
  return `const __name = (value) => value;\n${functions.map(String).join("\n")}\ndrawReport(uPlot, ${json});`;
}
