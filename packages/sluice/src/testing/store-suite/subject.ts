/** What the suite is given, and what it gives back. */

import type { Store } from "../../stores/store.ts";

/** A store to be tested. */
export interface StoreSubject {
  /**
   * Opens the store; every case calls it once and uses names of its own, so several cases may share
   * one server.
   */
  readonly open: () => Store | Promise<Store>;
  /** Ends what `open` began. */
  readonly close?: (store: Store) => void | Promise<void>;
  /**
   * What time is there. `"scope"` (default): the store reads the clock it is handed in its `Scope`, so
   * that time stands still unless a case moves it. `"own"`: a server's clock; then time is real, cases
   * sleep for some milliseconds, and changes whose effect depends on when they arrive are only bounded.
   */
  readonly clock?: "scope" | "own";
  /**
   * Whether ledgers of one name share one state; default true. Only memory's do not.
   */
  readonly shared?: boolean;
  /**
   * All that is stored, in any form that can be compared with `===`: a refusal must leave it as it is,
   * byte for byte. Without it the suite sees only what answers tell.
   */
  readonly dump?: (store: Store) => string | Promise<string>;
}

/** Options of `storeSuite`. */
export interface StoreSuiteOptions {
  /** Where random traces begin; default 1. A failure names it. */
  readonly seed?: number;
  /** How many random traces each case replays; default 200, and 20 on a clock of the store's own. */
  readonly traces?: number;
}

/** One rule of the contract. */
export interface StoreCase {
  readonly name: string;
  /** Rejects with what was wrong. */
  readonly run: () => Promise<void>;
}
