/**
 * What things are called in Redis. All of a key, or of a limiter, has one hash tag, so that it lies
 * on one node of a Cluster: the key, or the limiter's name when any limit is `per: "limiter"`.
 *
 *     sluice:api:{user:7}   the row of a key          sluice:{api}:user:7
 *     …#1tokens=            what belongs to a row: long rings, marks
 *     sluice:{api}          the row of the limiter, and its channel
 */

/** The names of one limiter. */
export interface Names {
  /** The row that all keys share. */
  readonly limiter: string;
  row(key: string, byName: boolean): string;
  /** Two patterns for SCAN that find all rows, and more. */
  readonly patterns: readonly string[];
  /** The key of a row; `undefined` for anything else. */
  keyOf(row: string): string | undefined;
}

export function namesOf(prefix: string, name: string): Names {
  const own = escape(name);
  const before = { key: `${prefix}${own}:{`, name: `${prefix}{${own || "%"}}:` };
  return {
    limiter: `${prefix}{${own || "%"}}`,
    row: (key, byName) =>
      byName ? `${before.name}${escape(key)}` : `${before.key}${escape(key) || "%"}}`,
    patterns: [`${glob(before.key)}*`, `${glob(before.name)}*`],
    keyOf: (row) => {
      if (row.includes("#", prefix.length)) return undefined;
      if (row.startsWith(before.name)) return unescape(row.slice(before.name.length));
      if (!row.startsWith(before.key) || !row.endsWith("}")) return undefined;
      const text = row.slice(before.key.length, -1);
      return text === "%" ? "" : unescape(text);
    },
  };
}

/** What may have to be escaped: a quick look, since most names need none. */
const SPECIAL = /[%#{}\uD800-\uDFFF]/;

/**
 * What has a meaning in a name is written as % and its code; so are halves of surrogate pairs, which
 * UTF-8 would all turn into the same character.
 */
export function escape(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(
    /[%#{}]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    (each) => `%${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function unescape(text: string): string {
  return text.replace(/%([0-9a-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** A text that stands for itself in a pattern. */
function glob(text: string): string {
  return text.replace(/[*?[\]\\^-]/g, "\\$&");
}
