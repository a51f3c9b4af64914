/** Which admissions were forgotten on purpose: settling one of them changes nothing any more. */

/** How many single resets are told apart. */
const MOST = 1_024;

export class Resets {
  readonly #keys = new Map<string, number>();
  #all = 0;
  /** The same for what is counted by key alone. */
  #anyKey = 0;

  /** Everything up to this ticket is forgotten, of a key or of all. */
  note(key: string | undefined, ticket: number): void {
    if (key === undefined) this.#all = ticket;
    // Too many become one for all keys: settling too little is always safe.
    else if (this.#keys.size >= MOST) this.#anyKey = Math.max(ticket, ...this.#keys.values());
    else {
      this.#keys.set(key, ticket);
      return;
    }
    this.#keys.clear();
  }

  /** The newest ticket that is forgotten by the limits of a key, or by those of the limiter. */
  upTo(key: string, shared: boolean): number {
    return shared ? this.#all : Math.max(this.#all, this.#anyKey, this.#keys.get(key) ?? 0);
  }
}
