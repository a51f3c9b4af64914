import type { FileHandle } from "node:fs/promises";
import type { CliError } from "../cli-error.ts";
import type { TextTarget } from "./text-target.ts";

/** What is written together, and who waits for it. */
interface Batch {
  readonly parts: (string | Uint8Array)[];
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: CliError) => void;
}

/**
 * A file that grows. What comes while a write is under way is written with the next one, so that a
 * fast job makes few writes and a slow one sees its results at once.
 */
export class AppendFile implements TextTarget {
  readonly #handle: FileHandle;
  readonly #failureOf: (error: unknown) => CliError;
  /** Whether it has a size and a disk; a pipe has not. */
  readonly #regular: boolean;
  /** With what was handed over and is not yet written. */
  #size: number;
  #written: number;
  #batch: Batch | undefined;
  /** The batch that is written last of all so far. */
  #last: Promise<void> = Promise.resolve();
  #writing: Promise<void> | undefined;
  #failure: CliError | undefined;

  /** @param size - The bytes that are in it. */
  constructor(
    handle: FileHandle,
    size: number,
    regular: boolean,
    failureOf: (error: unknown) => CliError,
  ) {
    this.#handle = handle;
    this.#size = size;
    this.#written = size;
    this.#regular = regular;
    this.#failureOf = failureOf;
  }

  /** The bytes of all that was handed over so far. */
  get size(): number {
    return this.#size;
  }

  /** Resolves when the system has it. */
  write(part: string | Uint8Array): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#size += Buffer.byteLength(part);
    this.#batch ??= newBatch();
    this.#batch.parts.push(part);
    this.#last = this.#batch.written;
    this.#writing ??= this.#writeAll();
    return this.#last;
  }

  async flush(): Promise<number> {
    const size = this.#size;
    await this.#last;
    if (this.#failure) throw this.#failure;
    try {
      if (this.#regular) await this.#handle.datasync();
    } catch (error) {
      throw await this.#fail(error);
    }
    return size;
  }

  async close(): Promise<void> {
    try {
      await this.#writing;
      if (this.#failure) throw this.#failure;
    } finally {
      await this.#handle.close();
    }
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // the rest of the turn may add to the batch
    for (let batch = this.#batch; batch; batch = this.#batch) {
      this.#batch = undefined;
      try {
        await this.#append(bytesOf(batch.parts));
        batch.resolve();
      } catch (error) {
        const failure = await this.#fail(error);
        batch.reject(failure);
        (this.#batch as Batch | undefined)?.reject(failure);
        this.#batch = undefined;
      }
    }
    this.#writing = undefined;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const position = this.#regular ? this.#written + at : null;
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, position);
      at += bytesWritten;
    }
    this.#written += bytes.length;
  }

  /** The first error is the true one. What it left of a record is cut off. */
  async #fail(error: unknown): Promise<CliError> {
    this.#failure ??= this.#failureOf(error);
    if (this.#regular) await this.#handle.truncate(this.#written).catch(() => {});
    return this.#failure;
  }
}

function newBatch(): Batch {
  let resolve = (): void => {};
  let reject: (error: CliError) => void = () => {};
  const written = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  written.catch(() => {}); // whoever wrote was given the same promise
  return { parts: [], written, resolve, reject };
}

function bytesOf(parts: readonly (string | Uint8Array)[]): Uint8Array {
  if (parts.every((part) => typeof part === "string")) return Buffer.from(parts.join(""));
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
}
