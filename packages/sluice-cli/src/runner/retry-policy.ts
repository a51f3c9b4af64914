/** When a row that failed is tried again. */
export interface RetryPolicy {
  /** How often, at the most. */
  readonly retries: number;
  /** Milliseconds: the longest pause after the first failure; it doubles with each one more. */
  readonly backoff: number;
  /** Milliseconds: no pause is longer. */
  readonly maxBackoff: number;
  /** From 0 to below 1; injected by tests. */
  readonly random: () => number;
}

/**
 * Milliseconds to wait after so many failures, or undefined when it is not tried again. Any pause
 * from 0 to the longest is as likely as another, so that rows that failed together come back apart.
 */
export function pauseAfter(failures: number, policy: RetryPolicy): number | undefined {
  if (failures > policy.retries) return undefined;
  const longest = Math.min(policy.maxBackoff, policy.backoff * 2 ** (failures - 1));
  return policy.random() * longest;
}
