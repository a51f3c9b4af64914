import type { PlainRecord } from "./plain-record.ts";

/** A record as text, with its index. */
export type TakeText = (index: number, text: string) => void;

/** How results are written. */
export interface ResultForm {
  /** The header, once it is written. */
  readonly columns: readonly string[] | undefined;
  /** Gives out the record's text, and first that of records which had to wait for it. */
  form(index: number, record: PlainRecord, take: TakeText): void;
  /** Gives out what still waits. */
  rest(take: TakeText): void;
}

/** JSON Lines: `{"index":0,"value":…}` or `{"index":0,"error":{…}}`. */
export const jsonForm: ResultForm = {
  columns: undefined,
  form(index, record, take) {
    take(
      index,
      "json" in record
        ? `{"index":${index},"value":${record.json}}\n`
        : `${JSON.stringify({ index, error: record.error })}\n`,
    );
  },
  rest() {},
};
