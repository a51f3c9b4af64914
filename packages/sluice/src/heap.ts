/** A binary heap of items by a number, smallest first; equal numbers come in no certain order. */
export class Heap<T> {
  readonly #ranks: number[] = [];
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The smallest number; Infinity when the heap is empty. */
  get least(): number {
    return this.#ranks.length > 0 ? this.#ranks[0]! : Number.POSITIVE_INFINITY;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(rank: number, item: T): void {
    const ranks = this.#ranks;
    const items = this.#items;
    let at = items.length;
    ranks.push(rank);
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (ranks[parent]! <= rank) break;
      ranks[at] = ranks[parent]!;
      items[at] = items[parent]!;
      at = parent;
    }
    ranks[at] = rank;
    items[at] = item;
  }

  pop(): T | undefined {
    const ranks = this.#ranks;
    const items = this.#items;
    const top = items[0];
    const rank = ranks.pop();
    const item = items.pop();
    const size = items.length;
    if (size === 0 || rank === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && ranks[child + 1]! < ranks[child]!) child++;
      if (ranks[child]! >= rank) break;
      ranks[at] = ranks[child]!;
      items[at] = items[child]!;
      at = child;
    }
    ranks[at] = rank;
    items[at] = item as T;
    return top;
  }

  /** All items, in no certain order. */
  items(): T[] {
    return this.#items.slice();
  }
}
