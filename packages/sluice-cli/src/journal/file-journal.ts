import { closeSync, fdatasync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { CliError, systemReason } from "../cli-error.ts";
import type { JobState, Journal, Resumed } from "../runner/parts.ts";
import { isAmong } from "./done-rows.ts";
import {
  type Checkpoint,
  checkpointLine,
  finishedLine,
  headerLine,
  type JournalContent,
  startedLine,
} from "./journal-file.ts";
import { RowHash } from "./row-hash.ts";
import { syncFolder } from "./sync-folder.ts";

/** What an earlier run left, with what the files need to go on. */
export interface ResumedFiles extends Resumed {
  readonly checkpoint: Checkpoint | undefined;
  readonly finished: boolean;
}

export interface JournalSeat {
  /** Its full path. */
  readonly file: string;
  /** As it is called in messages. */
  readonly name: string;
  /** Gives up the right to write it. */
  readonly leave: () => void;
  /** How many rows the job is to do, at the most. */
  readonly first: number;
  /** Bytes: it is written anew when it is larger than this and than a few checkpoints. */
  readonly rewriteAt: number;
}

/**
 * A journal in a file. Records are appended, so that what was there stays whatever happens; when it
 * has grown it is written anew beside itself and renamed.
 */
export class FileJournal implements Journal {
  readonly resumed: ResumedFiles | undefined;
  /** Over the rows that this run has read; fed by `journaledRows`. */
  readonly hash: RowHash = new RowHash();
  readonly #seat: JournalSeat;
  readonly #header: string;
  #fd = -1;
  #size = 0;
  #started = 0;
  #failure: CliError | undefined;

  private constructor(seat: JournalSeat, content: JournalContent, resumed: boolean) {
    this.#seat = seat;
    this.#header = headerLine(content.job);
    this.#started = content.started;
    this.resumed = resumed ? resumedOf(content, seat.first) : undefined;
  }

  /**
   * Writes the file, so that what an earlier run left torn is gone.
   *
   * @param content - What shall stand in it.
   * @param resumed - Whether that is of an earlier run.
   */
  static async begin(
    seat: JournalSeat,
    content: JournalContent,
    resumed: boolean,
  ): Promise<FileJournal> {
    const journal = new FileJournal(seat, content, resumed);
    const { checkpoint, finished } = content;
    const lines = checkpoint ? checkpointLine(checkpoint) : "";
    const last = journal.resumed?.finished ? finishedLine(finished) : "";
    try {
      await journal.#rewrite(lines + last);
    } catch (error) {
      throw journal.#fail(error);
    }
    return journal;
  }

  /** As it is called in messages. */
  get name(): string {
    return this.#seat.name;
  }

  started(rows: number): void {
    this.#append(startedLine(rows));
    this.#started += rows;
  }

  async checkpoint({ flushed, limiter, limiters = {} }: JobState): Promise<void> {
    const line = checkpointLine({
      ...flushed,
      ...this.#read(),
      ...(limiter ? { limiter } : {}),
      ...(Object.keys(limiters).length > 0 ? { limiters } : {}),
    });
    this.#started = 0;
    this.#append(line);
    await this.#sync();
    if (this.#size > Math.max(this.#seat.rewriteAt, 8 * line.length)) await this.#shorten(line);
  }

  async close(finished: boolean): Promise<void> {
    try {
      if (finished && !this.#failure) {
        this.#append(finishedLine(this.#seat.first));
        await this.#sync();
      }
    } finally {
      if (this.#fd >= 0) closeSync(this.#fd);
      this.#fd = -1;
      this.#seat.leave();
    }
  }

  /** A run that ends before it has read again what was read before, or found it changed, forgets nothing. */
  #read(): Pick<Checkpoint, "read" | "hash"> {
    const { rows } = this.hash;
    const before = this.resumed?.checkpoint;
    return before && before.read >= rows
      ? { read: before.read, hash: before.hash }
      : { read: rows, hash: this.hash.digest() };
  }

  /** In the file when it returns, though not yet on the disk. */
  #append(line: string): void {
    if (this.#failure) throw this.#failure;
    try {
      this.#size += writeAll(this.#fd, line);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async #sync(): Promise<void> {
    try {
      await promisify(fdatasync)(this.#fd);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Nothing is lost when this fails, on a full disk for example: the longer file says the same. */
  async #shorten(checkpoint: string): Promise<void> {
    try {
      await this.#rewrite(checkpoint);
    } catch {
      // Then it is tried again at the next checkpoint.
    }
  }

  /** Puts the header and these lines in the place of all that is there. */
  async #rewrite(lines: string): Promise<void> {
    const fd = openSync(this.#fresh, "w");
    try {
      let size = writeAll(fd, this.#header + lines);
      await promisify(fdatasync)(fd);
      // Rows may have been started meanwhile: from here to the rename nothing else can happen.
      if (this.#started > 0) size += writeAll(fd, startedLine(this.#started));
      renameSync(this.#fresh, this.#seat.file);
      this.#size = size;
    } catch (error) {
      closeSync(fd);
      rmSync(this.#fresh, { force: true });
      throw error;
    }
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = fd;
    await syncFolder(dirname(this.#seat.file));
  }

  get #fresh(): string {
    return `${this.#seat.file}.new`;
  }

  /** After a failure nothing more is written: it would stand behind a line that is torn. */
  #fail(error: unknown): CliError {
    this.#failure ??= new CliError(
      "JOURNAL_UNWRITABLE",
      `${this.name} cannot be written (${systemReason(error)}); nothing that it says is lost: make room, or make its folder writable, and go on with --resume.`,
    );
    return this.#failure;
  }
}

function resumedOf(content: JournalContent, first: number): ResumedFiles {
  const { checkpoint, started, finished } = content;
  const done = checkpoint?.done ?? [];
  return {
    rows: done.reduce((sum, [first, last]) => sum + last - first + 1, 0),
    isDone: (index) => isAmong(done, index),
    limiter: checkpoint?.limiter,
    limiters: checkpoint?.limiters,
    started,
    checkpoint,
    finished: finished > 0 && finished >= first,
  };
}

/** Returns how many bytes that were. */
function writeAll(fd: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  return bytes.length;
}
