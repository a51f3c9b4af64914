/**
 * What a row's numbers mean: the limits whose states it holds, in order. A shape is a text that is
 * written once and never changes, so that a record can name it.
 */

import { sizeOf } from "../../limits/growth.ts";
import type { AnyLimit } from "../../limits/limit.ts";
import type { Blocks } from "./blocks.ts";
import { PLAIN } from "./blocks.ts";
import { AT_SHAPES, type Memory, UNIT } from "./layout.ts";
import { indexOf, next } from "./pair.ts";
import { RING_SIZE } from "./ring.ts";

/** One state of a row. */
export interface Part {
  readonly costName: string;
  readonly limit: AnyLimit;
}

export interface Shape {
  readonly text: string;
  readonly parts: readonly Part[];
  /** The numbers of all states while no slots are in use. */
  readonly least: number;
  /** Whether admissions can be entered in a tail: there is one pace or exact window, and no more. */
  readonly hasTail: boolean;
}

/** How many numbers a state has at first. */
export function leastOf({ limit }: Part): number {
  return limit.kind === "window" ? RING_SIZE : sizeOf(limit);
}

function canHaveTail([part, ...others]: readonly Part[]): boolean {
  if (!part || others.length > 0) return false;
  return part.limit.kind === "pace" || part.limit.kind === "window";
}

/** Words before the letters: the block's own, the shape before it, the length. */
const HEAD = 3;

export class Shapes {
  readonly #memory: Memory;
  readonly #blocks: Blocks;
  readonly #byText = new Map<string, Shape>();
  readonly #byUnit = new Map<number, Shape>();
  readonly #units = new Map<Shape, number>();

  constructor(memory: Memory, blocks: Blocks) {
    this.#memory = memory;
    this.#blocks = blocks;
  }

  /** The same parts are the same object. */
  of(parts: readonly Part[]): Shape {
    const text = JSON.stringify(parts.map(({ costName, limit }) => [costName, limit]));
    let shape = this.#byText.get(text);
    if (!shape) {
      const least = parts.reduce((sum, part) => sum + leastOf(part), 0);
      shape = { text, parts, least, hasTail: canHaveTail(parts) };
      this.#byText.set(text, shape);
    }
    return shape;
  }

  /** The shape that a valid record names. */
  at(unit: number): Shape {
    let shape = this.#byUnit.get(unit);
    if (!shape) {
      const rows = JSON.parse(this.#read(unit)) as [string, AnyLimit][];
      shape = this.of(rows.map(([costName, limit]) => ({ costName, limit })));
      this.#byUnit.set(unit, shape);
      if (!this.#units.has(shape)) this.#units.set(shape, unit);
    }
    return shape;
  }

  /** The block that holds the shape's text, found or made; 0 when there is no room. */
  unitOf(shape: Shape): number {
    return this.#units.get(shape) ?? this.#find(shape);
  }

  #find(shape: Shape): number {
    const { words, halves } = this.#memory;
    let made = 0;
    for (;;) {
      const head = Atomics.load(words, AT_SHAPES);
      for (let unit = indexOf(head); unit !== 0; unit = halves[(unit * UNIT + 1) * 2]!) {
        if (this.at(unit) === shape) {
          if (made !== 0) this.#blocks.give(made);
          return this.#units.get(shape)!;
        }
      }
      made ||= this.#write(shape.text);
      if (made === 0) return 0;
      halves[(made * UNIT + 1) * 2] = indexOf(head);
      if (Atomics.compareExchange(words, AT_SHAPES, head, next(head, made)) === head) {
        this.#units.set(shape, made);
        this.#byUnit.set(made, shape);
        return made;
      }
    }
  }

  #write(text: string): number {
    const unit = this.#blocks.take(PLAIN, HEAD + Math.ceil(text.length / 4));
    if (unit === 0) return 0;
    const { halves, units } = this.#memory;
    halves[(unit * UNIT + 2) * 2] = text.length;
    const start = (unit * UNIT + HEAD) * 4;
    for (let i = 0; i < text.length; i++) units[start + i] = text.charCodeAt(i);
    return unit;
  }

  #read(unit: number): string {
    const { halves, units } = this.#memory;
    const length = halves[(unit * UNIT + 2) * 2]!;
    const start = (unit * UNIT + HEAD) * 4;
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(units[start + i]!);
    return text;
  }
}
