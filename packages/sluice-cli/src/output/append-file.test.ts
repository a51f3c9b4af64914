import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CliError, systemReason } from "../cli-error.ts";
import { AppendFile } from "./append-file.ts";
import { GzipFile } from "./gzip-file.ts";

async function file(): Promise<{ path: string; handle: FileHandle }> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-append-"));
  const path = join(folder, "out");
  const handle = await open(path, "w");
  onTestFinished(async () => {
    await handle.close().catch(() => {});
    rmSync(folder, { recursive: true });
  });
  return { path, handle };
}

const failure = (error: unknown): CliError =>
  new CliError("OUTPUT_UNWRITABLE", systemReason(error));

/** A disk with so many bytes left: what does not fit is written as far as it fits. */
function small(handle: FileHandle, room: number): FileHandle {
  let left = room;
  const write = async (bytes: Uint8Array, at: number, length: number, position: number | null) => {
    if (left === 0)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    const { bytesWritten } = await handle.write(bytes, at, Math.min(left, length), position);
    left -= bytesWritten;
    return { bytesWritten };
  };
  return new Proxy(handle, {
    get: (target, name) => {
      if (name === "write") return write;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("a flush knows the size of what came before it, and not of what comes meanwhile", async () => {
  const { path, handle } = await file();
  const target = new AppendFile(handle, 0, true, failure);
  void target.write("äb\n");
  const first = target.flush();
  void target.write("second\n");
  expect(await first).toBe(4);
  expect(await target.flush()).toBe(11);
  await target.close();
  expect(readFileSync(path, "utf8")).toBe("äb\nsecond\n");
});

test("a full disk is one failure, the same for all; what it left of a record is cut off", async () => {
  const { path, handle } = await file();
  const target = new AppendFile(small(handle, 9), 0, true, failure);
  await target.write("one\n");
  const late = [target.write("two\n"), target.write("three\n")];
  const ends = await Promise.allSettled([...late, target.flush()]);
  const reasons = ends.map((end) => (end.status === "rejected" ? (end.reason as unknown) : end));
  expect(reasons[0]).toMatchObject({ message: "no space left on device, ENOSPC" });
  expect(new Set(reasons).size).toBe(1);
  await expect(target.write("four\n")).rejects.toBe(reasons[0]);
  await expect(target.close()).rejects.toBe(reasons[0]);
  expect(readFileSync(path, "utf8")).toBe("one\n");
});

test("a full disk under gzip leaves whole members", async () => {
  const { path, handle } = await file();
  const target = new GzipFile(new AppendFile(small(handle, 40), 0, true, failure));
  await target.write("one\n");
  const size = await target.flush();
  await target.write("two\n");
  await expect(target.flush()).rejects.toThrow("no space left");
  await expect(target.close()).rejects.toThrow("no space left");
  expect(readFileSync(path)).toHaveLength(size);
});

test("a member that fills up while an earlier one is flushed is not counted to that flush", async () => {
  const { path, handle } = await file();
  const target = new GzipFile(new AppendFile(handle, 0, true, failure));
  await target.write("one\n");
  const first = target.flush();
  const full = target.write("x".repeat(2_000_000));
  const size = await first;
  await full;
  await target.close();
  const bytes = readFileSync(path);
  expect(bytes.length).toBeGreaterThan(size);
  expect(bytes.subarray(size, size + 2)).toEqual(Buffer.of(0x1f, 0x8b));
});
