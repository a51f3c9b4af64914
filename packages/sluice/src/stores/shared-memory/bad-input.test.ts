// What is no shared memory, is another's, was cut short, cannot be opened, or is full.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { sharedMemory } from "../shared-memory.ts";
import type { Ledger } from "../store.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SIZE = 131_072;
const clock = manualClock();

function open(memory: SharedArrayBuffer | string): Ledger<true> {
  const scope = { name: "n", clock, maxKeys: 9, start: "full" } as const;
  const store = sharedMemory(memory, { size: SIZE });
  return store.open({ ...scope, isWaited: () => false, onFreed: () => undefined });
}

function take(ledger: Ledger<true>, key: string, limit = window(1, "1h")): number {
  const plan = compile(limit, 0, { now: 0, wall: 0 });
  const ask = { key, plan, costs: [[1]], maxWait: 0, since: undefined, deferred: false };
  return ledger.reserve(ask).admitted;
}

test("a file is made, kept, and found again", () => {
  const path = join(folder, "made");
  expect(take(open(path), "k")).toBe(1);
  expect(readFileSync(path).length).toBe(SIZE);
  expect(take(open(path), "k")).toBe(0);
});

test.each([
  ["text", "some text that is long enough for eight bytes"],
  ["nothing", ""],
  ["zeros", "\0".repeat(SIZE)],
])("a file of %s is refused with a sentence", (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  const expected = expect.objectContaining({ code: "STORE_CORRUPT" });
  expect(() => open(path)).toThrow(expected);
  expect(() => open(path)).toThrow(/is not a Sluice memory/);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("a file that was cut short is refused", () => {
  const path = join(folder, "short");
  const copy = join(folder, "copy");
  open(path);
  writeFileSync(copy, readFileSync(path));
  truncateSync(copy, SIZE / 2 + 4_096);
  expect(() => open(copy)).toThrow(/was cut short/);
  truncateSync(copy, 4_096);
  expect(() => open(copy)).toThrow(/was cut short/);
});

test("a file of another version is refused", () => {
  const path = join(folder, "version");
  open(path);
  const other = join(folder, "other");
  const bytes = readFileSync(path);
  bytes.writeInt32LE(99, 4);
  writeFileSync(other, bytes);
  expect(() => open(other)).toThrow(/another version of Sluice \(layout 99/);
});

test("a file that is removed or replaced while in use is told, not shared by half", async () => {
  const path = join(folder, "replaced");
  const ledger = open(path);
  expect(take(ledger, "k")).toBe(1);
  rmSync(path);
  await clock.advance("1s");
  const expected = expect.objectContaining({ code: "STORE_UNAVAILABLE" });
  expect(() => take(ledger, "k")).toThrow(expected);
  expect(take(open(path), "k")).toBe(1);
  expect(() => take(ledger, "k")).toThrow(/removed, replaced or cut short/);
});

test("a path that cannot be opened fails, and is told", () => {
  const expected = expect.objectContaining({ code: "STORE_UNAVAILABLE" });
  expect(() => open(join(folder, "no", "such", "folder"))).toThrow(expected);
  expect(() => open(folder)).toThrow(expected);
});

test("what is no buffer, or too small, is refused", () => {
  expect(() => open(new ArrayBuffer(SIZE) as never)).toThrow(/takes a SharedArrayBuffer/);
  expect(() => open(new SharedArrayBuffer(100))).toThrow(/one of 100 bytes/);
  expect(() => sharedMemory(new SharedArrayBuffer(SIZE), { size: 3 })).toThrow(/size must be/);
});

test("a memory that is full says so, keeps its promises, and has room for what is idle", async () => {
  const ledger = open(new SharedArrayBuffer(65_536));
  let keys = 0;
  expect(() => {
    for (; keys < 5_000; keys++) expect(take(ledger, `key ${keys}`)).toBe(1);
  }).toThrow(expect.objectContaining({ code: "KEYS_EXHAUSTED" }));
  expect(keys).toBeGreaterThan(50);
  for (let i = 0; i < keys; i++) expect(take(ledger, `key ${i}`)).toBe(0);
  clock.block("2h");
  for (let i = 0; i < keys; i++) expect(take(ledger, `new ${i}`)).toBe(1);
  for (let i = 0; i < keys; i++) expect(take(ledger, `new ${i}`)).toBe(0);
});
