/** Waits before the next attempts of a call that failed, in milliseconds; after the last it is given up. */
export const RETRY_PAUSES: readonly number[] = [20, 100, 500];
