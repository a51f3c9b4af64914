import type { BadRow, Row, RowSource } from "../runner/parts.ts";
import type { FileJournal } from "./file-journal.ts";
import { otherRows } from "./job-identity.ts";

/** Rows passed over without giving the process a breath. */
const BREATH = 4096;

/**
 * The rows of a job with a journal: those that an earlier run has done are passed over. What it had
 * read is read again before the first row is given out, and refused when it is not the same; only
 * rows that were in hand when it ended are held for that, so memory stays bounded.
 *
 * @param onPassed - Called for each row that was done.
 */
export function journaledRows(
  source: RowSource,
  journal: FileJournal,
  onPassed: () => void,
): RowSource {
  const { hash, resumed } = journal;
  const checkpoint = resumed?.checkpoint;
  let closed = false;
  const read = async function* (): AsyncGenerator<Row | BadRow> {
    const held: (Row | BadRow)[] = [];
    const verify = function* (): Generator<Row | BadRow> {
      if (!checkpoint || hash.digest() === checkpoint.hash) yield* held.splice(0);
      else throw otherRows(checkpoint.read, hash.rows, journal.name);
    };
    const known = checkpoint?.read ?? 0;
    if (known === 0) yield* verify();
    for await (const row of source) {
      hash.add(row);
      if (resumed?.isDone(row.index)) onPassed();
      else if (hash.rows > known) yield row;
      else held.push(row);
      if (hash.rows === known) yield* verify();
      else if (hash.rows < known && hash.rows % BREATH === 0) await breath();
    }
    if (hash.rows < known && !closed && checkpoint) {
      throw otherRows(known, hash.rows, journal.name);
    }
  };
  return {
    [Symbol.asyncIterator]: read,
    close: () => {
      closed = true;
      source.close();
    },
  };
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
