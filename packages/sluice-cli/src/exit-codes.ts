/** How the process ends, for scripts. */
export const exitCodes = {
  ok: 0,
  /** Some rows failed; they are among the results. */
  rowsFailed: 1,
  /** Wrong usage, bad input, a bad module, an output that cannot be written. */
  usage: 2,
  /** A mistake in Sluice itself. */
  internal: 70,
  /** Ctrl-C. */
  interrupted: 130,
  /** Whoever read the results went away. */
  outputClosed: 141,
  terminated: 143,
} as const;
