/** Where the results of a job go, and the journal that remembers them. */

import { resolve } from "node:path";
import { Writable } from "node:stream";
import { inspect } from "node:util";
import { CliError } from "../cli-error.ts";
import type { Host } from "../host.ts";
import type { FileJournal } from "../journal/file-journal.ts";
import { openJournal } from "../journal/open-journal.ts";
import { findOutputs, type FoundOutputs, refuseExisting } from "../output/find-outputs.ts";
import { checkSizes, openOutputs } from "../output/open-outputs.ts";
import { OrderedSink } from "../output/ordered-sink.ts";
import type { JobOptions } from "./job-options.ts";
import { type Listener, ListenerSink, nowhere } from "./listener-sink.ts";
import type { InputRows } from "./open-input-rows.ts";
import type { ResultSink } from "./parts.ts";

export interface ResultsRequest {
  readonly options: JobOptions;
  readonly input: InputRows;
  readonly host: Host;
  readonly listeners: readonly Listener[];
  /** A file for the report, if one is asked for. */
  readonly report: string | undefined;
}

/** Looks at where the results shall go, and opens nothing. */
export class FoundResults {
  readonly #request: ResultsRequest;
  readonly #found: FoundOutputs | undefined;
  readonly #journalPath: string | undefined;

  private constructor(
    request: ResultsRequest,
    found: FoundOutputs | undefined,
    journalPath: string | undefined,
  ) {
    this.#request = request;
    this.#found = found;
    this.#journalPath = journalPath;
  }

  static async find(request: ResultsRequest): Promise<FoundResults> {
    const { options, input, report } = request;
    const { output, failed, outputFormat, resume = false } = options;
    // Without an output results are not printed: whoever asked in code has them.
    const host = output === undefined ? { ...request.host, stdout: discard() } : request.host;
    const path = journalPath(options);
    if (output === undefined && failed === undefined && path === undefined) {
      return new FoundResults({ ...request, host }, undefined, undefined);
    }
    const found = await findOutputs(
      {
        resume,
        ...(output === undefined ? {} : { output }),
        ...(failed === undefined ? {} : { failed }),
        ...(outputFormat === undefined ? {} : { outputFormat }),
        ...(path === undefined ? {} : { journal: path }),
        ...(report === undefined ? {} : { report }),
      },
      input.files,
      host,
    );
    if (options.columns && found.format !== "csv") {
      throw new CliError(
        "USAGE",
        "columns are those of CSV, and the results are JSON Lines; add --output-format csv, or leave them out.",
      );
    }
    const kept = found.results?.regular === true || options.journal !== undefined;
    return new FoundResults({ ...request, host }, found, kept ? path : undefined);
  }

  /** The journal, if one is kept; without it, files that are there are refused unless forced. */
  async openJournal(): Promise<FileJournal | undefined> {
    const { options, input, host } = this.#request;
    const { resume = false, force = false, module, first } = options;
    if (!this.#found) return undefined;
    if (this.#journalPath === undefined) {
      if (!force) refuseExisting(this.#found, resume);
      return undefined;
    }
    return await openJournal(
      {
        path: this.#journalPath,
        resume,
        force,
        ...(first === undefined ? {} : { first }),
        module: { file: resolve(host.cwd, module), name: module },
        outputs: this.#found,
        inputs: input.files,
        settings: meaningOf(options),
      },
      host,
    );
  }

  /** What a finished job has left must still be there. */
  async checkFinished(journal: FileJournal): Promise<void> {
    if (this.#found) await checkSizes(this.#found, journal.resumed?.checkpoint);
  }

  async openSink(journal: FileJournal | undefined): Promise<ResultSink> {
    const { options, host, listeners } = this.#request;
    const { ordered = false, columns } = options;
    const resumable = journal !== undefined;
    const resumed = journal?.resumed?.checkpoint;
    let sink: ResultSink = ordered ? new OrderedSink(nowhere) : nowhere;
    if (this.#found) {
      sink = await openOutputs(
        this.#found,
        { ordered, resumable, resumed, ...(columns ? { columns } : {}) },
        host,
      );
    }
    for (const listener of listeners) sink = new ListenerSink(sink, listener);
    return sink;
  }
}

function journalPath({ journal, output }: JobOptions): string | undefined {
  const toFile = output !== undefined && output !== "-";
  if (!toFile && journal !== undefined && journal !== false) {
    throw new CliError(
      "USAGE",
      "a journal remembers how far an output file is, and there is none; name one with --output, or leave the journal out.",
    );
  }
  if (typeof journal === "string") return journal;
  if (journal === false || !toFile) return undefined;
  return `${output}.journal`;
}

/** What must not change between two runs of one job, in the words of its options. */
function meaningOf(options: JobOptions): Readonly<Record<string, unknown>> {
  const { format, outputFormat, columns, ordered, failed, data } = options;
  return {
    format,
    outputFormat,
    columns,
    ordered: ordered ?? false,
    failed,
    data: comparable(data),
  };
}

/** Data as the journal keeps it: what JSON does not have stands there as a text. */
function comparable(data: unknown): unknown {
  try {
    return data === undefined ? undefined : (JSON.parse(JSON.stringify(data)) as unknown);
  } catch {
    return inspect(data);
  }
}

function discard(): Host["stdout"] {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
