/** Which limits the numbers of rows are of: stored once, and named by a number. */

import type { Shape } from "./cells.ts";
import { damaged } from "./failures.ts";
import type { Kept } from "./kept.ts";
import type { Statements } from "./schema.ts";

export class Shapes {
  readonly #sql: Statements;
  readonly #byId = new Map<number, Shape>();
  readonly #ids = new Map<string, number>();

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  get(id: number): Shape {
    let shape = this.#byId.get(id);
    if (!shape) {
      const stored = this.#sql.shape.get(id) as { limits: string } | undefined;
      if (!stored) throw damaged("the limits of a row");
      shape = JSON.parse(stored.limits) as Shape;
      this.#byId.set(id, shape);
    }
    return shape;
  }

  /** The number of a shape, if it was seen here. */
  find(states: readonly Kept[]): number | undefined {
    return this.#ids.get(textOf(states));
  }

  /** The number of a shape, which is stored if it is new. */
  idOf(states: readonly Kept[]): number {
    const text = textOf(states);
    let id = this.#ids.get(text);
    if (id === undefined) {
      this.#sql.addShape.run(text);
      id = Number((this.#sql.findShape.get(text) as { id: number }).id);
      this.#ids.set(text, id);
    }
    return id;
  }

  forgetAll(): void {
    this.#byId.clear();
    this.#ids.clear();
  }
}

function textOf(states: readonly Kept[]): string {
  return JSON.stringify(
    states.map(({ costName, limit }) => ({
      name: costName,
      limit: { ...limit, per: "key", defaultCost: 1 },
    })),
  );
}
