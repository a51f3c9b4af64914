import type { Clock } from "sluice";
import type { BadRow, JobObserver, Row, RowSource } from "./parts.ts";

/** A row on its way through the job. */
export interface Task {
  readonly row: Row;
  /** How often the function was called for it. */
  attempts: number;
  /** How often that failed. */
  failures: number;
  /** How many workers it took down alone. */
  crashes: number;
}

export interface FeedOptions {
  readonly source: RowSource;
  readonly observer: JobObserver;
  readonly clock: Clock;
  /** How many rows may be in hand: read, and without a record yet. */
  readonly ahead: number;
  /** Takes a row that could not be read; it is in hand until `settle`. */
  unreadable(row: BadRow): void;
  /** Takes a row that will not run, because the job was stopped. */
  left(index: number): void;
  /** The input broke; rows that were read go on. */
  fail(error: unknown): void;
  /** Nothing more will be read; rows may still be in hand. */
  atEnd(): void;
}

/**
 * Gives out rows: those to be tried again first, then new ones, which are read one at a time and
 * only when somebody waits for one, while there is room. A row is in hand until `settle`.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #rows: AsyncIterator<Row | BadRow>;
  readonly #waiting: ((task: Task | undefined) => void)[] = [];
  readonly #due: Task[] = [];
  readonly #timers = new Map<Task, () => void>();
  #inHand = 0;
  /** Given out and not yet back. */
  #out = 0;
  #reading = false;
  #ended = false;
  #stopped = false;
  #drained: () => void = () => {};
  /** Resolves when nothing is left to read and nothing in hand. */
  readonly drained: Promise<void>;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#rows = options.source[Symbol.asyncIterator]();
    this.drained = new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** The next row to run; nothing when there will be none. */
  next(): Promise<Task | undefined> | Task | undefined {
    if (this.#isOver()) return undefined;
    const task = this.#due.shift();
    if (task) {
      this.#out += 1;
      return task;
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      void this.#pump();
    });
  }

  /** Takes a row back, to be given out again after so many milliseconds. */
  retry(task: Task, delay: number): void {
    this.#out -= 1;
    if (this.#stopped) return this.#leave(task.row.index);
    const cancel = this.#options.clock.setTimer(delay, () => {
      this.#timers.delete(task);
      this.#offer(task);
    });
    this.#timers.set(task, cancel);
  }

  /** The row is no longer run; it stays in hand until `settle`. */
  ran(): void {
    this.#out -= 1;
  }

  /** The row has its record, or will have none. */
  settle(): void {
    this.#inHand -= 1;
    if (this.#isOver()) this.#finish();
    else void this.#pump();
  }

  /** How many rows are given out when there will be no others, -1 while there may be. */
  get last(): number {
    return this.#ended && this.#due.length + this.#timers.size === 0 ? this.#out : -1;
  }

  /** Reads nothing more and gives out nothing more. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of this.#timers.values()) cancel();
    const left = [...this.#timers.keys(), ...this.#due.splice(0)];
    this.#timers.clear();
    for (const { row } of left) this.#leave(row.index);
    this.#wakeAll();
    if (!this.#reading) this.#end();
  }

  async #pump(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#waiting.length > 0 && this.#mayRead()) {
      try {
        await this.#readOne();
      } catch (error) {
        this.#ended = true;
        if (!this.#stopped) this.#options.fail(error);
      }
    }
    this.#reading = false;
    if (this.#stopped || this.#ended) this.#end();
  }

  #mayRead(): boolean {
    return !this.#ended && !this.#stopped && this.#inHand < this.#options.ahead;
  }

  async #readOne(): Promise<void> {
    const { observer, unreadable } = this.#options;
    const next = await this.#rows.next();
    if (next.done) {
      this.#ended = true;
      if (!this.#stopped) observer.onInputEnd();
      return;
    }
    const row = next.value;
    observer.onRead();
    this.#inHand += 1;
    if (this.#stopped) this.#leave(row.index);
    else if ("problem" in row) unreadable(row);
    else this.#offer({ row, attempts: 0, failures: 0, crashes: 0 });
  }

  #offer(task: Task): void {
    const taker = this.#waiting.shift();
    if (!taker) {
      this.#due.push(task);
      return;
    }
    this.#out += 1;
    taker(task);
  }

  #leave(index: number): void {
    this.#options.left(index);
    this.settle();
  }

  #end(): void {
    this.#ended = true;
    this.#options.atEnd();
    if (this.#isOver()) this.#finish();
  }

  #isOver(): boolean {
    return this.#stopped || (this.#ended && this.#inHand === 0);
  }

  #finish(): void {
    this.#wakeAll();
    if (this.#ended && this.#inHand === 0) this.#drained();
  }

  #wakeAll(): void {
    for (const taker of this.#waiting.splice(0)) taker(undefined);
  }
}
