// What keys and names of any kind are called in Redis: never the same, and on one node of a Cluster.
import fc from "fast-check";
import { expect, test } from "vitest";
import { namesOf } from "../../src/stores/redis/names.ts";

/** Characters that mean something in names, halves of pairs, and any others. */
const text = fc
  .array(fc.oneof(fc.constantFrom(..."{}%#:a\0*?[]\\\uD800\uDC00é0"), fc.string()), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));

/** What Redis Cluster hashes of a name. */
function hashed(name: string): string {
  const open = name.indexOf("{");
  const close = open < 0 ? -1 : name.indexOf("}", open);
  return close > open + 1 ? name.slice(open + 1, close) : name;
}

/** As the server sees it. */
function utf8(name: string): string {
  return Buffer.from(name, "utf8").toString("hex");
}

test("a row tells its key, by its own name or the limiter's", () => {
  fc.assert(
    fc.property(text, text, fc.boolean(), (name, key, byName) => {
      const names = namesOf("sluice:", name);
      const row = names.row(key, byName);
      expect(names.keyOf(row)).toBe(key);
      expect(names.keyOf(`${row}#4096`)).toBeUndefined();
      expect(names.keyOf(names.limiter)).toBeUndefined();
      expect(Buffer.from(row, "utf8").toString("utf8")).toBe(row);
    }),
  );
});

test("other limiters and other keys have other rows", () => {
  fc.assert(
    fc.property(text, text, text, text, fc.boolean(), (name, key, otherName, otherKey, byName) => {
      fc.pre(name !== otherName || key !== otherKey);
      const row = namesOf("sluice:", name).row(key, byName);
      const other = namesOf("sluice:", otherName);
      expect(utf8(other.row(otherKey, byName))).not.toBe(utf8(row));
      expect(utf8(other.row(otherKey, !byName))).not.toBe(utf8(row));
      if (name !== otherName) expect(other.keyOf(row)).toBeUndefined();
    }),
  );
});

test("all of a row has one hash tag, and all rows of a limiter by its name", () => {
  fc.assert(
    fc.property(text, text, (name, key) => {
      const names = namesOf("sluice:", name);
      const row = names.row(key, false);
      expect(hashed(`${row}#1`)).toBe(hashed(row));
      expect(hashed(row)).not.toBe(row);
      expect(hashed(names.row(key, true))).toBe(hashed(names.limiter));
      expect(hashed(names.limiter)).not.toBe(names.limiter);
    }),
  );
});
