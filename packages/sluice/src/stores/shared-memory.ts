/** `sluice/shared-memory`: one budget for threads, or for the processes of a host. */

export {
  sharedMemory,
  type SharedMemoryOptions,
  type SharedMemoryStore,
} from "./shared-memory/shared-memory.ts";
