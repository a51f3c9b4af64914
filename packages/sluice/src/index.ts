export { createLimiter } from "./limiter.ts";
export type { KeyOption, Limiter, LimiterStats } from "./limiter-surface.ts";
export type {
  AcquireOptions,
  Actual,
  AskOptions,
  Cost,
  LimiterOptions,
  MapOptions,
  Reservation,
  ReserveOptions,
  RunOptions,
  SyncOptions,
  TryOptions,
  WrapOptions,
} from "./options.ts";

export { concurrency, type ConcurrencyOptions } from "./limits/concurrency/builder.ts";
export { blocked, unlimited } from "./limits/extremes.ts";
export { pace, type PaceOptions } from "./limits/pace/builder.ts";
export { formatLimit, type LimitText, parseLimit } from "./limits/parse.ts";
export { quota, type QuotaOptions } from "./limits/quota/builder.ts";
export { window, type WindowOptions } from "./limits/window/window.ts";
export type {
  AnyLimit,
  BlockedLimit,
  CalendarPeriod,
  ConcurrencyLimit,
  PaceLimit,
  PartsLimit,
  Per,
  QuotaLimit,
  UnlimitedLimit,
  WindowLimit,
} from "./limits/limit.ts";
export type { Costed, LimitOptions } from "./limits/terms.ts";
export type { LimitInput, LimitsInput } from "./limits/plan.ts";

export type { Permit, Refusal, TakenLimit } from "./permit.ts";
export type { LimitLook, Look } from "./view.ts";
export type { Explanation } from "./explain.ts";
export type { LimiterSnapshot } from "./snapshot.ts";
export type { EventType, LimiterEvent } from "./events.ts";

export { type Clock, systemClock } from "./clock.ts";
export { memory, type MemoryStore } from "./stores/memory.ts";
export type { Store } from "./stores/store.ts";
export type { Duration, DurationText } from "./time.ts";

export {
  AlreadyReleasedError,
  AlreadySettledError,
  CostImpossibleError,
  type ErrorCode,
  InvalidCostError,
  InvalidOptionError,
  InvalidSnapshotError,
  LimitsConflictError,
  KeysExhaustedError,
  LimiterClosedError,
  LimitExceededError,
  QueueFullError,
  ReserveHeldError,
  SluiceError,
  StoreBusyError,
  StoreCorruptError,
  StoreError,
  StoreTimeoutError,
  StoreTooSlowError,
  StoreUnavailableError,
  UnknownLimitError,
  WaitCancelledError,
  WouldDeadlockError,
} from "./errors.ts";
