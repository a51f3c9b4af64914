export { booked, type BookedOptions } from "./booked.ts";
export type {
  Answer,
  Ask,
  BookedWaiting,
  Change,
  Ledger,
  RuleView,
  SavedState,
  Scope,
  Store,
  Verdict,
  View,
} from "../stores/store.ts";
