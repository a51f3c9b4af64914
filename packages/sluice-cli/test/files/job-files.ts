/** The files of a job, opened as the runner opens them, for tests without an engine. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { manualClock } from "sluice/testing";
import type { Host } from "../../src/host.ts";
import { openInputs } from "../../src/input/open-input.ts";
import { fileRows } from "../../src/input/row-source.ts";
import type { FileJournal } from "../../src/journal/file-journal.ts";
import { journaledRows } from "../../src/journal/journaled-rows.ts";
import { openJournal } from "../../src/journal/open-journal.ts";
import { findOutputs } from "../../src/output/find-outputs.ts";
import { openOutputs } from "../../src/output/open-outputs.ts";
import type { BadRow, ResultSink, Row, RowSource } from "../../src/runner/parts.ts";

export interface JobFilesOptions {
  readonly cwd: string;
  readonly output: string;
  readonly failed?: string;
  readonly input?: string;
  readonly ordered?: boolean;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly first?: number;
  readonly settings?: Record<string, unknown>;
  /** Bytes: a small one makes the journal be written anew often. */
  readonly rewriteAt?: number;
}

export interface JobFiles {
  readonly source: RowSource;
  readonly rows: AsyncIterator<Row | BadRow>;
  readonly journal: FileJournal;
  readonly sink: ResultSink;
  /** What an earlier run has done. */
  readonly passed: { count: number };
  /** Resolves to the sizes of the output files that are certain then. */
  checkpoint(): Promise<readonly number[]>;
}

export async function openJobFiles(options: JobFilesOptions): Promise<JobFiles> {
  const { cwd, output, failed, input = "in.jsonl" } = options;
  const { resume = false, force = false, ordered = false, settings = {} } = options;
  const host = hostIn(cwd);
  const inputs = await openInputs([input], undefined, host);
  const paths = { output, ...(failed ? { failed } : {}), journal: `${output}.journal` };
  const outputs = await findOutputs({ ...paths, resume }, inputs, host);
  const module = { file: join(cwd, "job.js"), name: "job.js" };
  const { rewriteAt, first } = options;
  const opening = {
    path: paths.journal,
    resume,
    force,
    module,
    inputs,
    outputs,
    settings,
    ...(first === undefined ? {} : { first }),
    ...(rewriteAt === undefined ? {} : { rewriteAt }),
  };
  const journal = await openJournal(opening, host);
  const passed = { count: 0 };
  const resumed = journal.resumed?.checkpoint;
  const sink = await openOutputs(outputs, { ordered, resumable: true, resumed }, host).catch(
    async (error: unknown) => {
      await journal.close(false);
      throw error;
    },
  );
  const source = journaledRows(fileRows(inputs, first), journal, () => {
    passed.count += 1;
  });
  const checkpoint = async (): Promise<readonly number[]> => {
    const flushed = await sink.flush();
    await journal.checkpoint({ flushed, limiter: undefined });
    return flushed.offsets;
  };
  return { source, rows: source[Symbol.asyncIterator](), journal, sink, passed, checkpoint };
}

/** A folder with a module and so many rows, which is gone after the test. */
export function makeFolder(rows: number): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "sluice-files-"));
  writeFileSync(join(path, "job.js"), "export default (row) => row;\n");
  const text = Array.from({ length: rows }, (_, index) => `{"n":${index}}\n`).join("");
  writeFileSync(join(path, "in.jsonl"), text);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function hostIn(cwd: string): Host {
  const nothing = (): (() => void) => () => {};
  return {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    env: {},
    cwd,
    clock: manualClock(),
    onSignal: nothing,
    onIdle: nothing,
    onCrash: nothing,
    keepConsoleOffStdout() {},
  };
}
