/** The only reader of real time. Everything else is told what time it is. */

/**
 * What a limiter takes for time. `manualClock()` of `sluice/testing` is one for tests.
 *
 * @example
 * const limiter = createLimiter("10/s", { clock: manualClock() });
 */
export interface Clock {
  /** Whole microseconds since any fixed moment, rounded down, of a clock that is not set back. */
  now(): number;
  /** True for a clock that stands still between its steps, so that nothing was rounded down. */
  readonly exact?: boolean;
  /** Milliseconds since the epoch. Only `quota`, `pauseUntil` and instants shown outside read it. */
  wall(): number;
  /**
   * Calls `wake` once after at least about `ms` milliseconds; it may be early or late, since the
   * caller looks at the clock again. `ms` below 1 means the next macrotask. Returns what cancels it.
   * With `idle`, it must not keep the process alive.
   */
  setTimer(ms: number, wake: () => void, idle?: boolean): () => void;
  /** Blocks the thread for about `ms` milliseconds: only `acquireSync` calls it. */
  sleepSync?(ms: number): void;
}

/** Longer waits are chained: for more than this, `setTimeout` fires at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

interface NodeTimer {
  unref?: () => void;
}

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

type Channel = new () => { readonly port1: Port; readonly port2: Port };

type Timers = {
  MessageChannel?: Channel;
  setImmediate?: (wake: () => void) => NodeTimer;
  clearImmediate?: (timer: NodeTimer) => void;
  process?: {
    getBuiltinModule?: (name: string) => unknown;
    hrtime?: { bigint: () => bigint };
  };
};

const globals = globalThis as unknown as Timers;

/** Runs `f` outside every request's async context, so that a timer armed in it retains none. */
const outsideRequests: <T>(f: () => T) => T = (() => {
  const hooks = globals.process?.getBuiltinModule?.("node:async_hooks") as
    | { AsyncLocalStorage?: { snapshot?: () => <T>(f: () => T) => T } }
    | undefined;
  return hooks?.AsyncLocalStorage?.snapshot?.() ?? ((f) => f());
})();

/**
 * The system's clock: `performance.now()`, read through the global so that users' fake timers are
 * seen, `Date.now()`, and the host's timers.
 */
export const systemClock: Clock = {
  now: () => Math.floor(performance.now() * 1e3),
  wall: () => Date.now(),
  setTimer: (ms, wake, idle) => outsideRequests(() => arm(ms, wake, idle)),
  sleepSync: (ms) => {
    sleeper ??= new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(sleeper, 0, 0, Math.min(ms, MAX_TIMEOUT_MS));
  },
};

/**
 * Microseconds of a monotonic clock that all threads and processes of a host share. Where there is
 * none, the time since the epoch.
 */
export function hostMicros(): number {
  const hrtime = globals.process?.hrtime;
  return hrtime
    ? Number(hrtime.bigint()) / 1e3
    : performance.timeOrigin * 1e3 + performance.now() * 1e3;
}

let sleeper: Int32Array | undefined;

function arm(ms: number, wake: () => void, idle?: boolean): () => void {
  // Timers have whole milliseconds: the last fraction of one passes by macrotasks.
  if (ms < 1 && globals.setImmediate && globals.clearImmediate) {
    const { clearImmediate } = globals;
    // Referenced even when idle: it runs at once, where an unreferenced one waits for other events.
    const immediate = globals.setImmediate(wake);
    return () => clearImmediate(immediate);
  }
  if (ms < 1 && globals.MessageChannel) return post(globals.MessageChannel, wake);
  if (ms > MAX_TIMEOUT_MS) return armInSteps(ms, wake, idle);
  const timer = setTimeout(wake, ms);
  if (idle) (timer as NodeTimer).unref?.();
  return () => clearTimeout(timer);
}

function armInSteps(ms: number, wake: () => void, idle?: boolean): () => void {
  const goOn = (): void => {
    cancel = arm(ms - MAX_TIMEOUT_MS, wake, idle);
  };
  let cancel = arm(MAX_TIMEOUT_MS, goOn, idle);
  return () => cancel();
}

/** Browsers hold back repeated timers for 4 ms, messages they do not. */
function post(Channel: Channel, wake: () => void): () => void {
  const { port1, port2 } = new Channel();
  const close = (): void => port1.close();
  port1.onmessage = () => {
    close();
    wake();
  };
  port2.postMessage(0);
  return close;
}
