/** The one source of defaults for the command, its help and the runner. */
export const defaults = {
  /** Calls at once. */
  concurrency: 20,
  /**
   * A server counts when a request arrives, so two bursts that left a window apart may arrive
   * closer together: windows are padded by this much.
   */
  margin: "50ms",
  /** Between two log lines where there is no terminal. */
  logEveryMs: 5_000,
  /** The span over which the rate on display is measured. */
  rateOverMs: 30_000,
  /** Bytes: a longer line or CSV record is taken for a mistake, so that memory stays bounded. */
  longestLine: 67_108_864,
  /** Bytes: larger files are not counted before the job is through them. */
  countUpTo: 1_073_741_824,
} as const;
