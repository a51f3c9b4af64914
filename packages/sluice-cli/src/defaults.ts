/** The one source of defaults for the command, its help and the runner. */
export const defaults = {
  /** Calls at once. */
  concurrency: 20,
  /** Rows that may be read and not yet written; more where twice the lanes are more. */
  ahead: 1_000,
  /** Workers, at the most: more would not fit into a machine. */
  mostWorkers: 256,
  /** The longest pause before a row is tried for the second time, and before any time. */
  backoff: "1s",
  maxBackoff: "60s",
  /** How many workers a row may take down alone. */
  crashes: 3,
  /** Between two checkpoints of the journal. */
  checkpointEveryMs: 1_000,
  /**
   * A server counts when a request arrives, so two bursts that left a window apart may arrive
   * closer together: windows are padded by this much.
   */
  margin: "50ms",
  /** How long rows wait for a store that fails. */
  storeTimeout: "5m",
  /** Between two log lines where there is no terminal. */
  logEveryMs: 5_000,
  /** Between two progress events of `--json`. */
  eventEveryMs: 1_000,
  /** The span over which the rate on display is measured. */
  rateOverMs: 30_000,
  /** Bytes: a longer line or CSV record is taken for a mistake, so that memory stays bounded. */
  longestLine: 67_108_864,
  /** Bytes: larger files are not counted before the job is through them. */
  countUpTo: 1_073_741_824,
  /** Between the request that a command end and its end by force. */
  killAfterMs: 5_000,
  /** Bytes of a command's stdout, and of its stderr, that are kept. */
  keepOutput: 1_048_576,
} as const;
