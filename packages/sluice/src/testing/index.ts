export { manualClock, type ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export type { StoreCase, StoreSubject, StoreSuiteOptions } from "./store-suite/subject.ts";
export { storeSuite } from "./store-suite/suite.ts";
export { type Admission, worstWindow, type WorstWindow } from "./window-oracle.ts";
