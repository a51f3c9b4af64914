export {
  type CircuitEvent,
  type CircuitOptions,
  fallback,
  type FallbackOptions,
  type OnFailure,
} from "./fallback/fallback.ts";
