/** The states of a draft before it took another shape. */

import type { Place } from "../../limits/algorithm.ts";
import type { Draft } from "./draft.ts";
import type { Memory } from "./layout.ts";
import * as ring from "./ring.ts";
import type { Shape } from "./shapes.ts";

export class OldStates {
  readonly shape: Shape;
  readonly #memory: Memory;
  readonly #cells: Float64Array;
  readonly #offsets: readonly number[];
  readonly #end: number;

  constructor(memory: Memory, draft: Draft) {
    this.#memory = memory;
    this.shape = draft.shape;
    this.#cells = draft.cells.slice(0, draft.size);
    this.#offsets = [...draft.offsets];
    this.#end = draft.size;
  }

  /** A state in one piece. */
  flat(part: number): Place {
    const base = this.#offsets[part]!;
    if (this.shape.parts[part]!.limit.kind !== "window") return { cells: this.#cells, base };
    return { cells: ring.unrolled(this.#memory, this.#cells, base), base: 0 };
  }

  /** Takes a state over as it is. */
  moveTo(part: number, draft: Draft, to: number): void {
    const from = this.#offsets[part]!;
    const end = this.#offsets[part + 1] ?? this.#end;
    if (this.shape.parts[part]!.limit.kind === "concurrency") draft.resize(to, end - from);
    draft.cells.set(this.#cells.subarray(from, end), draft.offsets[to]!);
  }

  /** A log that the new shape has no place for. */
  leave(part: number, draft: Draft): void {
    if (this.shape.parts[part]!.limit.kind !== "window") return;
    const base = this.#offsets[part]!;
    draft.replaces(this.#cells[base + ring.BLOCK]!, this.#cells[base + ring.NEXT]!);
  }
}
