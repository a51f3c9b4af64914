/** What limiters and keys are called in a text column, which can hold neither NUL nor halves of characters. */

/** The key of what all keys of a limiter share: no key is called so, because % is escaped. */
export const COMMON = "%";

/** A text that is like no other's: what a column cannot hold is written as % and its code. */
export function columnOf(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- NUL is what this is about
    /[%\u0000]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    (each) => `%${each.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text again. */
export function textOf(column: string): string {
  return column.replace(/%([0-9a-f]{4})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** The channel on which a limiter's releases are told: an identifier of 23 characters. */
export function channelOf(schema: string, name: string): string {
  return `sluice_${hash32(`${schema}.${name}`, 0x811c9dc5)}${hash32(`${name}.${schema}`, 0x01234567)}`;
}

/** FNV-1a, in eight digits. */
function hash32(text: string, seed: number): string {
  return fnv(text, seed).toString(16).padStart(8, "0");
}

/** FNV-1a: 32 bits of a text. */
export function fnv(text: string, seed: number = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 16)) >>> 0;
}
