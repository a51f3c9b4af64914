/** A file as memory that processes share, by `mmap` through the optional package `koffi`. */

import { StoreCorruptError, StoreUnavailableError } from "../../errors.ts";
import { show } from "../../time.ts";
import { type Fs, host, type Require } from "./host.ts";
import { LEAST_BYTES, MAGIC, type Memory, memoryOver, VERSION } from "./layout.ts";
import { pair } from "./pair.ts";
import { check } from "./set-up.ts";

/** What is used of the package `koffi`. */
interface Koffi {
  load(path: string | null): { func(definition: string): (...args: never[]) => unknown };
  view(pointer: unknown, length: number): ArrayBuffer;
  address(pointer: unknown): bigint;
}

/** `PROT_READ | PROT_WRITE` and `MAP_SHARED` of Linux. */
const READ_WRITE = 3;
const SHARED = 1;
const FAILED = 2n ** 64n - 1n;
const MMAP =
  "void *mmap(void *at, size_t length, int protection, int flags, int file, int64_t from)";

/** Mappings are for ever: nothing may be unmapped that somebody could still read. */
const mapped = new Map<string, Memory>();

export function mapFile(path: string, size: number): Memory {
  const { fs } = host;
  if (!fs) throw unavailable(path, "this runtime has no files; share a SharedArrayBuffer instead");
  if (host.platform !== "linux") {
    const here = show(host.platform);
    throw unavailable(path, `files are shared on Linux only, and this is ${here}; use sqlite()`);
  }
  const koffi = loadKoffi(path);
  let file: number;
  try {
    file = openOrMake(fs, path, size);
  } catch (error) {
    if (error instanceof StoreCorruptError) throw error;
    throw unavailable(path, `${(error as Error).message}; ${remedyFor(error, size)}`, error);
  }
  try {
    const status = fs.fstatSync(file);
    const bytes = status.size;
    checkFile(fs, file, bytes, path);
    const name = nameOf(status);
    const known = mapped.get(name);
    if (known) return known;
    const memory = memoryOver(map(koffi, file, bytes, path));
    mapped.set(name, memory);
    return memory;
  } finally {
    fs.closeSync(file);
  }
}

function remedyFor(error: unknown, size: number): string {
  const { code } = error as { readonly code?: string };
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return `a new file takes ${size} bytes at once: make room, or give a smaller size`;
  }
  return "give a path that can be read and written";
}

/**
 * Fails once the path names another file than the one that is mapped: others would open that one, and
 * each side would have the whole limit.
 */
export function checkPath(path: string, memory: Memory): void {
  let name = "";
  try {
    name = nameOf(host.fs!.statSync(path));
  } catch {
    // It was removed.
  }
  if (mapped.get(name) === memory) return;
  throw unavailable(
    path,
    "the file was removed, replaced or cut short while in use; open it again",
  );
}

function nameOf({ dev, ino, size }: ReturnType<Fs["fstatSync"]>): string {
  return `${dev}:${ino}:${size}`;
}

/** The same mapping as the text of an expression, for another thread. */
export function mapCode(path: string, bytes: number): string {
  const koffi = requireHere().resolve("koffi");
  return `(() => {
    const fs = process.getBuiltinModule("node:fs");
    const koffi = require(${JSON.stringify(koffi)});
    const mmap = koffi.load(null).func(${JSON.stringify(MMAP)});
    const file = fs.openSync(${JSON.stringify(path)}, "r+");
    const at = mmap(null, ${bytes}, ${READ_WRITE}, ${SHARED}, file, 0);
    fs.closeSync(file);
    return koffi.view(at, ${bytes});
  })()`;
}

/** A new file is filled before it gets its name, so that nobody sees half of one. */
function openOrMake(fs: Fs, path: string, size: number): number {
  try {
    return fs.openSync(path, "r+");
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
  const part = `${path}.${host.pid}.${Math.random().toString(36).slice(2)}`;
  const file = fs.openSync(part, "wx+", 0o600);
  try {
    // Zeros that are written take their place on the disk now: a hole would kill the process later.
    const zeros = new Uint8Array(Math.min(size, 2 ** 20));
    for (let at = 0; at < size; at += zeros.length) {
      writeAll(fs, file, zeros.subarray(0, Math.min(zeros.length, size - at)), at);
    }
    writeAll(fs, file, new Uint8Array(new BigInt64Array([pair(MAGIC, VERSION)]).buffer), 0);
    fs.fsyncSync(file);
    fs.linkSync(part, path);
    return file;
  } catch (error) {
    fs.closeSync(file);
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    return fs.openSync(path, "r+");
  } finally {
    fs.unlinkSync(part);
  }
}

function writeAll(fs: Fs, file: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(file, bytes, done, bytes.length - done, at + done);
  }
}

function checkFile(fs: Fs, file: number, bytes: number, path: string): void {
  const first = new Uint8Array(8);
  fs.readSync(file, first, 0, 8, 0);
  check(new BigInt64Array(first.buffer)[0]!, show(path));
  if (bytes >= LEAST_BYTES) return;
  throw new StoreCorruptError(
    `${show(path)} has ${bytes} bytes: it was cut short; remove it, and a new one is made.`,
  );
}

function map(koffi: Koffi, file: number, bytes: number, path: string): ArrayBuffer {
  let pointer: unknown;
  try {
    const mmap = koffi.load(null).func(MMAP);
    pointer = (mmap as (...args: unknown[]) => unknown)(null, bytes, READ_WRITE, SHARED, file, 0);
  } catch (error) {
    throw unavailable(path, `mmap cannot be called (${(error as Error).message})`, error);
  }
  if (pointer === null || koffi.address(pointer) === FAILED) {
    throw unavailable(path, "the system does not map it; is there memory, and is it a plain file?");
  }
  return koffi.view(pointer, bytes);
}

function loadKoffi(path: string): Koffi {
  try {
    return requireHere()("koffi") as Koffi;
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    const why =
      code === "MODULE_NOT_FOUND"
        ? 'it needs the package "koffi"; install it (npm install koffi)'
        : `the package "koffi" does not load here (${message.split("\n", 1)[0]}); use sqlite()`;
    throw unavailable(path, why, error);
  }
}

function requireHere(): Require {
  return host.modules!.createRequire(import.meta.url);
}

function unavailable(path: string, why: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `the shared memory ${show(path)} cannot be used: ${why}.`,
    cause === undefined ? undefined : { cause },
  );
}
