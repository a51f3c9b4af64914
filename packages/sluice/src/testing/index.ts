export { manualClock, type ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export { type Admission, worstWindow, type WorstWindow } from "./window-oracle.ts";
