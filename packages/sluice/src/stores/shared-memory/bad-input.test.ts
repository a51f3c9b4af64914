// What is no shared memory, is another's, was cut short, cannot be opened, or is full.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { compile } from "../../limits/plan.ts";
import { window } from "../../limits/window/window.ts";
import { manualClock } from "../../testing/manual-clock.ts";
import { sharedMemory } from "../shared-memory.ts";
import { askFor, type Ledger } from "../store.ts";
import { host } from "./host.ts";
import { scopeOf } from "../../../test/scope.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SIZE = 131_072;
const clock = manualClock();

function open(memory: SharedArrayBuffer | string): Ledger<true> {
  return sharedMemory(memory, { size: SIZE }).open(scopeOf({ clock }));
}

function take(ledger: Ledger<true>, key: string, limit = window(1, "1h")): number {
  const plan = compile(limit, 0, { now: 0, wall: 0 });
  const ask = askFor(key, plan, [[1]]);
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

test.each([2, 99])("a file of version %i is refused", (version) => {
  const path = join(folder, `version-${version}`);
  open(path);
  const other = join(folder, `other-${version}`);
  const bytes = readFileSync(path);
  bytes.writeInt32LE(version, 4);
  writeFileSync(other, bytes);
  expect(() => open(other)).toThrow(
    `another version of Sluice (layout ${version}, this one has 3)`,
  );
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

test.each([
  ["EROFS", "openSync", /EROFS: no such luck; give a path that can be read and written\.$/],
  ["EACCES", "openSync", /EACCES: no such luck; give a path that can be read and written\.$/],
  ["ENOSPC", "writeSync", /ENOSPC: no such luck; a new file takes 131072 bytes at once: make room/],
  ["EDQUOT", "writeSync", /EDQUOT: no such luck; .*give a smaller size\.$/],
] as const)("%s is told with a remedy, and leaves nothing behind", (code, call, sentence) => {
  const own = mkdtempSync(join(folder, "failing-"));
  vi.spyOn(host.fs!, call).mockImplementation(() => {
    throw Object.assign(new Error(`${code}: no such luck`), { code });
  });
  const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" });
  try {
    expect(() => open(join(own, "file"))).toThrow(unavailable);
    expect(() => open(join(own, "file"))).toThrow(sentence);
  } finally {
    vi.restoreAllMocks();
  }
  expect(readdirSync(own)).toEqual([]);
});

test("a disk that is full while the file is made leaves no part of it", () => {
  const own = mkdtempSync(join(folder, "full-"));
  const path = join(own, "file");
  const write = host.fs!.writeSync.bind(host.fs);
  let left = 3;
  vi.spyOn(host.fs!, "writeSync").mockImplementation((...args) => {
    if (left-- > 0) return write(args[0], args[1], args[2], Math.min(args[3], 1_000), args[4]);
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  try {
    expect(() => open(path)).toThrow(/no space left on device/);
  } finally {
    vi.restoreAllMocks();
  }
  expect(readdirSync(own)).toEqual([]);
  expect(take(open(path), "k")).toBe(1);
});

test.each([
  ["darwin", /files are shared on Linux only, and this is "darwin"; use sqlite\(\)\.$/],
  [undefined, /files are shared on Linux only, and this is undefined; use sqlite\(\)\.$/],
])("on %s there are no files, but buffers", (platform, sentence) => {
  const real = host.platform;
  Object.assign(host, { platform });
  try {
    const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" });
    expect(() => open(join(folder, "elsewhere"))).toThrow(unavailable);
    expect(() => open(join(folder, "elsewhere"))).toThrow(sentence);
    expect(take(open(new SharedArrayBuffer(SIZE)), "k")).toBe(1);
  } finally {
    Object.assign(host, { platform: real });
  }
});

test.each([
  ["missing", { code: "MODULE_NOT_FOUND" }, /needs the package "koffi"; install it/],
  [
    "of another libc",
    {},
    /"koffi" does not load here \(cannot load libc.so.6\); use sqlite\(\)\.$/,
  ],
])("a koffi that is %s is told", (_, properties, sentence) => {
  const own = mkdtempSync(join(folder, "without-"));
  const path = join(own, "file");
  const { modules } = host;
  const load = (): never => {
    throw Object.assign(new Error("cannot load libc.so.6\nRequire stack: …"), properties);
  };
  Object.assign(host, { modules: { createRequire: () => load } });
  try {
    const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" });
    expect(() => open(path)).toThrow(unavailable);
    expect(() => open(path)).toThrow(sentence);
  } finally {
    Object.assign(host, { modules });
  }
  expect(readdirSync(own)).toEqual([]);
  expect(take(open(path), "k")).toBe(1);
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
