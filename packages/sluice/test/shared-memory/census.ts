// Who owns which block: none may have two owners.
import { type Blocks, TAIL as TAIL_BLOCK } from "../../src/stores/shared-memory/blocks.ts";
import { Draft } from "../../src/stores/shared-memory/draft.ts";
import { TAIL, SHAPE, TITLE } from "../../src/stores/shared-memory/record.ts";
import {
  AT_FREE_BLOCKS,
  AT_SHAPES,
  type Memory,
  regionsOf,
  UNIT,
} from "../../src/stores/shared-memory/layout.ts";
import { generationOf, indexOf } from "../../src/stores/shared-memory/pair.ts";
import { BLOCK } from "../../src/stores/shared-memory/ring.ts";
import { Shapes } from "../../src/stores/shared-memory/shapes.ts";

/** The blocks that are owned twice, with their owners; and how many are owned at all. */
export function census(
  memory: Memory,
  threads: readonly { readonly blocks: Blocks }[],
): { twice: string[]; owned: number } {
  const owners = new Map<number, string>();
  const twice: string[] = [];
  const own = (unit: number, owner: string): void => {
    if (unit === 0) return;
    const other = owners.get(unit);
    if (other !== undefined) twice.push(`${unit}: ${other} and ${owner}`);
    owners.set(unit, owner);
  };
  const { words, halves, numbers } = memory;
  const regions = regionsOf(words.length);
  const [blocks] = threads.map((thread) => thread.blocks) as [Blocks];
  const shapes = new Shapes(memory, blocks);
  const draft = new Draft(memory, blocks);
  for (let kind = 0; kind < TAIL_BLOCK + 3; kind++) {
    let unit = indexOf(words[AT_FREE_BLOCKS + kind]!);
    for (let n = 0; unit !== 0 && n < 1e5; n++, unit = halves[unit * UNIT * 2 + 1]!) {
      own(unit, "free");
    }
  }
  threads.forEach((thread, i) => {
    for (const unit of thread.blocks.kept()) own(unit, `thread ${i}`);
  });
  let shape = indexOf(words[AT_SHAPES]!);
  for (; shape !== 0; shape = halves[(shape * UNIT + 1) * 2]!) own(shape, "shapes");
  for (let i = 0; i < regions.bucketCount; i++) {
    own(indexOf(words[regions.buckets + i]!), `bucket ${i}`);
  }
  for (let row = 1; row < regions.rowCount; row++) {
    const head = words[regions.rows + 2 * row]!;
    const block = indexOf(head);
    if (block === 0) continue;
    own(block, `row ${row}`);
    own(numbers[block * UNIT + 1 + TAIL]!, `tail of ${row}`);
    own(numbers[block * UNIT + 1 + TITLE]!, `title of ${row}`);
    draft.valid = false;
    draft.copy(row, regions.rows + 2 * row, generationOf(head), block);
    draft.knows(shapes.at(draft.cells[SHAPE]!));
    draft.shape.parts.forEach(({ limit }, part) => {
      if (limit.kind === "window") own(draft.cells[draft.offsets[part]! + BLOCK]!, `ring ${row}`);
    });
  }
  return { twice, owned: owners.size };
}
