import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { plainBytes } from "./gunzip.ts";

/** What came out, and the error behind it. */
async function read(chunks: Uint8Array[]): Promise<[string, unknown?]> {
  const out: Uint8Array[] = [];
  const bytes = async function* () {
    yield* chunks;
  };
  try {
    for await (const piece of plainBytes(bytes(), '"in"')) out.push(piece);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return [Buffer.concat(out).toString(), `${code}: ${message}`];
  }
  return [Buffer.concat(out).toString()];
}

const members = Buffer.concat([gzipSync("one\n"), gzipSync(""), gzipSync("two\n")]);

test("gzip is told by its bytes, wherever they are cut; members are one text", async () => {
  for (let cut = 0; cut <= members.length; cut += 1) {
    expect(await read([members.subarray(0, cut), members.subarray(cut)])).toEqual(["one\ntwo\n"]);
  }
});

test("what is not gzip passes as it is", async () => {
  expect(await read([])).toEqual([""]);
  expect(await read([Buffer.of(0x1f)])).toEqual(["\x1f"]);
  expect(await read([Buffer.of(0x1f), Buffer.from("x")])).toEqual(["\x1fx"]);
  expect(await read([Buffer.from("1"), Buffer.from("2\n")])).toEqual(["12\n"]);
});

test("gzip that is cut off gives out what is there, then a sentence", async () => {
  const text = randomBytes(40_000).toString("hex");
  const whole = gzipSync(text);
  const [out, error] = await read([whole.subarray(0, whole.length - 9)]);
  expect(text.startsWith(out)).toBe(true);
  expect(out.length).toBeGreaterThan(70_000);
  expect(error).toBe(
    'INPUT_CUT_OFF: "in" is cut off in the middle of its gzip data; all rows before that are done: get the whole file and run the rest.',
  );
});

test("gzip that is damaged gives out what comes before, then a sentence", async () => {
  const damage = Buffer.from([0x1f, 0x8b, 9, 0, 0, 0, 0, 0, 0, 3, 1, 2]);
  const [out, error] = await read([gzipSync("one\n"), damage]);
  expect(out).toBe("one\n");
  expect(error).toMatch(/^INPUT_UNREADABLE: "in" is not valid gzip from here on \(.+\); all rows/);
});

test("a member before what is not gzip is given out, wherever it is cut", async () => {
  const damaged = Buffer.concat([members, Buffer.from("not gzip")]);
  for (let cut = 0; cut <= damaged.length; cut += 1) {
    const [out, error] = await read([damaged.subarray(0, cut), damaged.subarray(cut)]);
    expect(out).toBe("one\ntwo\n");
    expect(error).toMatch(
      /^INPUT_UNREADABLE: "in" is not valid gzip from here on \(.+\); all rows/,
    );
  }
});

test("zeros after the last member are padding, as tapes have it", async () => {
  expect(await read([members, Buffer.alloc(30_000)])).toEqual(["one\ntwo\n"]);
});

test("a member whose sum or length is not that of its content is damaged", async () => {
  for (const at of [8, 4]) {
    const wrong = gzipSync("one\n");
    wrong[wrong.length - at]! ^= 1;
    const [out, error] = await read([wrong]);
    expect([out, error]).toEqual([
      "one\n",
      expect.stringMatching(/^INPUT_UNREADABLE: .+ from here on/),
    ]);
  }
});

test("headers with everything that one may have", async () => {
  const plain = gzipSync("one\n");
  const fields = Buffer.from([5, 0, 1, 2, 3, 4, 5, 0x61, 0, 0x62, 0, 0, 0]); // extra, name, comment, sum
  const head = Buffer.from(plain.subarray(0, 10));
  head[3] = 2 + 4 + 8 + 16;
  const whole = Buffer.concat([head, fields, plain.subarray(10)]);
  for (let cut = 0; cut <= whole.length; cut += 1) {
    expect(await read([whole.subarray(0, cut), whole.subarray(cut)])).toEqual(["one\n"]);
  }
});

test("a small input that unpacks to much comes in pieces", async () => {
  const packed = gzipSync(Buffer.alloc(50_000_000));
  let largest = 0;
  let total = 0;
  const bytes = async function* () {
    yield packed;
  };
  for await (const piece of plainBytes(bytes(), '"in"')) {
    largest = Math.max(largest, piece.length);
    total += piece.length;
  }
  expect(total).toBe(50_000_000);
  expect(largest).toBeLessThanOrEqual(65_536);
});
