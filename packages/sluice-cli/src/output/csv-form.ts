import { stringify } from "csv-stringify/sync";
import type { ErrorRecord } from "../runner/result-record.ts";
import type { PlainRecord } from "./plain-record.ts";
import type { ResultForm, TakeText } from "./result-form.ts";

/** Records without a value that wait for the first one that has, and with it the columns. */
const LONGEST_WAIT = 1_000;
const LEADING = ["index", "error"];
/** The column for what no other column has. */
const MORE = "more";

/**
 * Results as CSV with a header: `index`, `error`, the keys of the first result, `more`. A result that
 * is not an object stands under `value`. What a later result has besides stands as JSON under `more`,
 * so nothing is lost; columns that the user names are all there are. A key that is one of these names
 * itself stands under `value.index` and so on. Objects and lists in a cell are JSON.
 */
export class CsvForm implements ResultForm {
  columns: readonly string[] | undefined;
  readonly #named: readonly string[] | undefined;
  #waiting: { index: number; record: PlainRecord }[] = [];

  /**
   * @param named - The keys that the user wants; default those of the first result.
   * @param columns - The header that the file has already.
   */
  constructor(named: readonly string[] | undefined, columns: readonly string[] | undefined) {
    this.#named = named;
    this.columns = columns;
  }

  form(index: number, record: PlainRecord, take: TakeText): void {
    if (!this.columns && !this.#named && isEmpty(record) && this.#waiting.length < LONGEST_WAIT) {
      this.#waiting.push({ index, record });
      return;
    }
    if (!this.columns) this.#begin(record, take);
    take(index, this.#row(index, record));
  }

  rest(take: TakeText): void {
    if (!this.columns && this.#waiting.length > 0) this.#begin({ json: "null" }, take);
  }

  /** The header, with the rows that waited for it. */
  #begin(record: PlainRecord, take: TakeText): void {
    const keys = this.#named ?? keysOf(record);
    this.columns = [...LEADING, ...keys.map(columnOf), ...(this.#named ? [] : [MORE])];
    let header = line(this.columns);
    for (const { index, record } of this.#waiting.splice(0)) {
      take(index, header + this.#row(index, record));
      header = "";
    }
    this.#header = header;
  }

  /** Written with the next row. */
  #header = "";

  #row(index: number, record: PlainRecord): string {
    const header = this.#header;
    this.#header = "";
    const columns = (this.columns ?? []).slice(LEADING.length);
    if ("error" in record) {
      return header + line([index, errorText(record.error), ...columns.map(() => "")]);
    }
    const value = JSON.parse(record.json) as unknown;
    const rest = isObject(value) ? { ...value } : { value };
    const cells = columns.map((column) => {
      if (column === MORE) return "";
      const key = keyOf(column);
      const cell = Object.hasOwn(rest, key) ? rest[key as keyof typeof rest] : undefined;
      delete rest[key as keyof typeof rest];
      return cellOf(cell);
    });
    const left = isObject(value) ? rest : rest.value;
    if (columns.at(-1) === MORE && hasMore(left)) cells[cells.length - 1] = JSON.stringify(left);
    return header + line([index, "", ...cells]);
  }
}

function line(cells: readonly (string | number)[]): string {
  return stringify([cells], { record_delimiter: "\n", quoted_match: /[\r\n]/ });
}

function isEmpty(record: PlainRecord): boolean {
  return "error" in record || record.json === "null";
}

function keysOf(record: PlainRecord): string[] {
  const value = "json" in record ? (JSON.parse(record.json) as unknown) : undefined;
  return isObject(value) ? Object.keys(value) : ["value"];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasMore(left: unknown): boolean {
  return isObject(left) ? Object.keys(left).length > 0 : left !== undefined && left !== null;
}

/** The names of our own columns are taken. */
function columnOf(key: string): string {
  const taken = LEADING.includes(key) || key === MORE || key.startsWith("value.");
  return taken ? `value.${key}` : key;
}

function keyOf(column: string): string {
  return column.startsWith("value.") ? column.slice("value.".length) : column;
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function errorText({ name, message, code }: ErrorRecord): string {
  return `${name}${code === undefined ? "" : ` [${code}]`}: ${message}`;
}
