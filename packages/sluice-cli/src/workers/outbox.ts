/** Gathers what one turn has to say and sends it as one message. */
export class Outbox<Item> {
  readonly #send: (items: readonly Item[]) => void;
  /** What to say in place of an item that cannot be cloned. */
  readonly #instead: (item: Item, error: unknown) => Item | undefined;
  readonly #schedule: (flush: () => void) => void;
  #items: Item[] = [];

  constructor(options: {
    send: (items: readonly Item[]) => void;
    instead: (item: Item, error: unknown) => Item | undefined;
    schedule: (flush: () => void) => void;
  }) {
    this.#send = options.send;
    this.#instead = options.instead;
    this.#schedule = options.schedule;
  }

  put(item: Item): void {
    if (this.#items.push(item) === 1) this.#schedule(() => this.flush());
  }

  /** Sends at once what there is. */
  flush(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    try {
      this.#send(items);
    } catch {
      for (const item of items) this.#sendAlone(item);
    }
  }

  /** Only what cannot be cloned is left behind, not what was to go with it. */
  #sendAlone(item: Item): void {
    try {
      this.#send([item]);
    } catch (error) {
      const other = this.#instead(item, error);
      if (other !== undefined) this.#send([other]);
    }
  }
}
