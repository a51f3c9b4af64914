/** Loads the module where it is to run. */

import { CliError } from "../cli-error.ts";
import type { Host } from "../host.ts";
import type { LimiterDesk } from "../workers/limiter-desk.ts";
import { type LinkOptions, startProcess, startThread } from "../workers/link.ts";
import { PoolExecutor } from "../workers/pool-executor.ts";
import { InProcessExecutor } from "./in-process-executor.ts";
import type { JobLimits, JobOptions } from "./job-options.ts";
import type { JobSettings } from "./job-settings.ts";
import { loadModule } from "./load-module.ts";
import type { Executor, JobObserver } from "./parts.ts";

export interface OpenExecutor {
  readonly executor: Executor;
  /** What the module exports as its limits. */
  readonly limits: JobLimits | undefined;
  /** Ends what was listened to for it. */
  forget(): void;
}

export interface ExecutorParts {
  readonly options: Pick<JobOptions, "module" | "data">;
  readonly settings: JobSettings;
  readonly desk: LimiterDesk;
  readonly observer: Pick<JobObserver, "onWorker">;
  /** Whether stdout holds results, so that nothing else may be printed there. */
  readonly quiet: boolean;
  readonly host: Pick<Host, "cwd" | "clock" | "onIdle">;
}

export function openExecutor(parts: ExecutorParts): Promise<OpenExecutor> {
  return parts.settings.isolation === "none" ? inProcess(parts) : inWorkers(parts);
}

async function inProcess({ options, settings, desk, host }: ExecutorParts): Promise<OpenExecutor> {
  const path = options.module;
  const load = async (): Promise<OpenExecutor> => {
    const module = await loadModule(path, host.cwd);
    const { timeout } = settings;
    const { data } = options;
    const executor = new InProcessExecutor({ module, path, data, timeout, desk, ...host });
    await executor.open();
    return { executor, limits: module.limits, forget: host.onIdle(() => executor.abandon()) };
  };
  return await orNotice(load, path, host);
}

async function inWorkers(parts: ExecutorParts): Promise<OpenExecutor> {
  const { options, settings, desk, observer, quiet, host } = parts;
  const { isolation, workers, concurrency, timeout, memory } = settings;
  const link: LinkOptions = { memory, quiet };
  const executor = new PoolExecutor({
    slots: workers,
    link: (events) =>
      isolation === "process" ? startProcess(events, link) : startThread(events, link),
    start: {
      module: options.module,
      cwd: host.cwd,
      data: options.data,
      timeout,
      concurrency,
      limiters: desk.names,
    },
    desk,
    clock: host.clock,
    observer,
  });
  try {
    return { executor, limits: await executor.open(), forget: () => {} };
  } catch (error) {
    await executor.close().catch(() => {});
    throw error;
  }
}

/** Loads the module, or notices that it will never be loaded. */
async function orNotice(
  load: () => Promise<OpenExecutor>,
  module: string,
  host: Pick<Host, "onIdle">,
): Promise<OpenExecutor> {
  let forget = (): void => {};
  const stuck = new Promise<never>((_resolve, reject) => {
    forget = host.onIdle(() => {
      reject(
        new CliError(
          "MODULE_FAILED",
          `the job module "${module}" never finishes loading: nothing is left that it could wait for; look for an "await" at its top level.`,
        ),
      );
    });
  });
  try {
    return await Promise.race([load(), stuck]);
  } finally {
    forget();
  }
}
