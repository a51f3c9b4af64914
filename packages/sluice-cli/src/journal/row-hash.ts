import { createHash, type Hash } from "node:crypto";
import type { BadRow, Row } from "../runner/parts.ts";

/** One hash over all rows that were read so far: two jobs that agree in it had the same rows. */
export class RowHash {
  readonly #hash: Hash = createHash("sha256");
  #rows = 0;

  /** How many rows it covers. */
  get rows(): number {
    return this.#rows;
  }

  add(row: Row | BadRow): void {
    this.#hash.update(`${textOf(row)}\n`);
    this.#rows += 1;
  }

  digest(): string {
    return this.#hash.copy().digest("base64url");
  }
}

function textOf(row: Row | BadRow): string {
  if ("problem" in row) return `!${row.line}`;
  try {
    return JSON.stringify(row.value) ?? "undefined";
  } catch {
    return "!"; // a value that JSON does not have: only its place is compared
  }
}
