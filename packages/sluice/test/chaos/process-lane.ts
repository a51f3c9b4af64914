// The processes of a chaos round: started, killed with -9 and replaced, stopped and continued.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { hostMicros, readDiary } from "./diary.ts";
import type { Life, Span } from "./evidence.ts";
import type { Finish, FromWorker, WorkerOrder } from "./order.ts";

export interface Started {
  readonly child: ChildProcess;
  readonly ready: Promise<unknown>;
  readonly ended: Promise<unknown>;
  readonly diary: string;
  readonly stops: Span[];
  killedAt: number;
  open: readonly string[] | undefined;
}

export type OrderOf = (life: number) => Omit<WorkerOrder, "diary">;

export class Processes {
  readonly all: Started[] = [];
  /** Those that have not been killed. */
  #alive: Started[] = [];
  readonly #worker: string;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #orderOf: OrderOf;
  readonly #host: (life: number) => readonly string[];

  /** @param host - A command that runs another one, on another host as it were. */
  constructor(
    worker: string,
    folder: string,
    env: Readonly<Record<string, string>>,
    orderOf: OrderOf,
    host: (life: number) => readonly string[] = () => [],
  ) {
    this.#worker = worker;
    this.#folder = folder;
    this.#env = env;
    this.#orderOf = orderOf;
    this.#host = host;
  }

  get alive(): readonly Started[] {
    return this.#alive;
  }

  start(): Started {
    const life = this.all.length;
    const diary = join(this.#folder, `life-${life}.jsonl`);
    const order: WorkerOrder = { ...this.#orderOf(life), diary };
    const node = [process.execPath, this.#worker, JSON.stringify(order)];
    const [file, ...args] = [...this.#host(life), ...node] as [string, ...string[]];
    const child = spawn(file, args, {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...this.#env },
    });
    const ended = once(child, "exit");
    const started: Started = {
      child,
      ended,
      ready: Promise.race([once(child, "message"), ended]),
      diary,
      stops: [],
      killedAt: Number.POSITIVE_INFINITY,
      open: undefined,
    };
    child.on("message", (message: FromWorker) => {
      if (message.is === "over") started.open = message.open;
    });
    this.all.push(started);
    this.#alive.push(started);
    return started;
  }

  async kill(victim: Started): Promise<void> {
    this.#alive = this.#alive.filter((each) => each !== victim);
    victim.killedAt = hostMicros();
    victim.child.kill("SIGKILL");
    await victim.ended;
  }

  /** Stops one for a while, unless it is killed meanwhile. */
  async stop(victim: Started, wait: Promise<unknown>): Promise<void> {
    const from = hostMicros();
    victim.child.kill("SIGSTOP");
    await Promise.race([wait, victim.ended]);
    victim.child.kill("SIGCONT");
    victim.stops.push({ from, to: hostMicros() });
  }

  /** Ends all of them; says what had not ended by itself. */
  async finish(patienceMs: number): Promise<string[]> {
    const finish: Finish = { patienceMs };
    await Promise.all(
      this.#alive.map(async ({ child, ended }) => {
        if (child.connected) child.send(finish, () => undefined);
        const timer = setTimeout(() => child.kill("SIGKILL"), 2 * patienceMs);
        await ended;
        clearTimeout(timer);
      }),
    );
    return this.#alive.flatMap(({ open, child }) =>
      (open ?? [`the process itself (${child.exitCode ?? child.signalCode})`]).map(
        (what) => `never ended: ${what}`,
      ),
    );
  }

  /** What they wrote down. */
  lives(): Life[] {
    return this.all.map(({ diary, killedAt, stops }, id) => ({
      id,
      entries: readDiary(diary),
      killedAt,
      stops,
    }));
  }
}
