/** The vectors that stand beside each algorithm, a vector a line. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AnyLimit, Earliest } from "../../src/limits/limit.ts";

/** A limit, and what it answers step by step from the empty state. */
export interface Vector {
  readonly limit: AnyLimit;
  readonly steps: readonly Step[];
}

/** An ask that is booked when it may pass at all, or something given back of step `of`. */
export type Step =
  | {
      readonly now: number;
      readonly since: number;
      readonly cost: number;
      readonly earliest: Earliest | "never";
    }
  | { readonly now: number; readonly of: number; readonly cost: number; readonly actual: number };

const files = {
  window: "window/ring",
  parts: "window/parts",
  pace: "pace/pace",
  quota: "quota/quota",
  concurrency: "concurrency/concurrency",
};

export type VectorKind = keyof typeof files;
export const vectorKinds: readonly VectorKind[] = Object.keys(files) as VectorKind[];

export function vectorFile(kind: VectorKind): string {
  return fileURLToPath(new URL(`../../src/limits/${files[kind]}.jsonl`, import.meta.url));
}

export function vectorsOf(kind: VectorKind): Vector[] {
  const lines = readFileSync(vectorFile(kind), "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Vector);
}
