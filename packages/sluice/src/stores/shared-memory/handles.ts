/** Where a thread has last seen the rows of keys: the place may be another's by now. */

import type { Handle } from "./rows.ts";

/** How many keys a thread remembers. */
const MOST = 65_536;

export class Handles {
  readonly #all = new Map<string, Handle>();
  /** The one that was asked for last: most often the next one, too. */
  #key: string | undefined;
  #last: Handle | undefined;

  get(key: string): Handle | undefined {
    if (key === this.#key) return this.#last;
    this.#key = key;
    this.#last = this.#all.get(key);
    return this.#last;
  }

  set(key: string, handle: Handle): void {
    if (this.#all.size >= MOST) this.#all.clear();
    this.#all.set(key, handle);
    this.#key = undefined;
  }

  delete(key: string): void {
    this.#all.delete(key);
    this.#key = undefined;
  }
}
