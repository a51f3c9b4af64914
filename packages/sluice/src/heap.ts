/** A binary heap of items by a number, smallest first, and by a second number among equals. */
export class Heap<T> {
  #ranks: number[] = [];
  #orders: number[] = [];
  #items: T[] = [];

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

  push(rank: number, item: T, order = 0): void {
    let at = this.#items.length;
    this.#ranks.push(rank);
    this.#orders.push(order);
    this.#items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(rank, order, parent)) break;
      this.#copy(parent, at);
      at = parent;
    }
    this.#put(at, rank, order, item);
  }

  pop(): T | undefined {
    const top = this.#items[0];
    const rank = this.#ranks.pop();
    const order = this.#orders.pop();
    const item = this.#items.pop();
    const size = this.#items.length;
    if (size === 0 || rank === undefined || order === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && this.#before(this.#ranks[right]!, this.#orders[right]!, child))
        child = right;
      if (this.#before(rank, order, child)) break;
      this.#copy(child, at);
      at = child;
    }
    this.#put(at, rank, order, item as T);
    return top;
  }

  /** All items, in no certain order. */
  items(): T[] {
    return this.#items.slice();
  }

  /** Whether it holds far more than the `live` ones, so that it is worth to prune it. */
  isOvergrown(live: number): boolean {
    return this.size > 2 * live + 64;
  }

  /** Drops all items but those to be kept; asks with the number of each. */
  prune(keep: (item: T, rank: number) => boolean): void {
    const [ranks, orders, items] = [this.#ranks, this.#orders, this.#items];
    [this.#ranks, this.#orders, this.#items] = [[], [], []];
    items.forEach((item, i) => {
      if (keep(item, ranks[i]!)) this.push(ranks[i]!, item, orders[i]!);
    });
  }

  #before(rank: number, order: number, at: number): boolean {
    const other = this.#ranks[at]!;
    return rank < other || (rank === other && order < this.#orders[at]!);
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#ranks[from]!, this.#orders[from]!, this.#items[from]!);
  }

  #put(at: number, rank: number, order: number, item: T): void {
    this.#ranks[at] = rank;
    this.#orders[at] = order;
    this.#items[at] = item;
  }
}
