// The second thread: it does one step, operation by operation, as far as it is allowed to.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { memoryOver } from "../../src/stores/shared-memory/layout.ts";
import type { Answer } from "../../src/stores/store.ts";
import { manualClock } from "../../src/testing/manual-clock.ts";
import { ALLOWED, ask, AT, BEGUN, FIRST, planOf, READY, SCENE, type Scene, THEN } from "./scene.ts";
import { interposed, threadOver } from "./threads-of-one.ts";

// The real ones: those of the step are counted.
const { load, store } = Atomics;
const control = new Int32Array(workerData as SharedArrayBuffer);
const answers = new Float64Array(workerData as SharedArrayBuffer);

function tell(at: number, value: number): void {
  store(control, at, value);
  Atomics.notify(control, at);
}

function note({ admitted, now, instants, tickets }: Answer, at: number): void {
  answers.set([admitted, now, instants[0] ?? 0, tickets[0] ?? 0], at);
}

function play({ memory, limits, first, again }: Scene, scene: number): void {
  const clock = manualClock({ now: 1_000_000, wall: first });
  const thread = threadOver(memoryOver(memory), clock);
  const plan = planOf(limits);
  note(ask(thread, plan), FIRST);
  clock.block(again - first);
  tell(READY, scene);
  while (load(control, BEGUN) !== scene) Atomics.wait(control, BEGUN, scene - 1);
  let [calls, done] = [0, 0];
  interposed(
    () => {
      // Before each operation, not after it.
      if (calls++ % 2 === 1) return;
      tell(AT, done);
      for (let may = 0; (may = load(control, ALLOWED)) <= done;)
        Atomics.wait(control, ALLOWED, may);
      done++;
    },
    () => note(ask(thread, plan), THEN),
  );
  thread.blocks.close();
  tell(AT, -1);
}

for (let scene = 1; ; scene++) {
  while (load(control, SCENE) !== scene) Atomics.wait(control, SCENE, scene - 1);
  const told = receiveMessageOnPort(parentPort!) as { message: Scene | null };
  if (!told.message) break;
  play(told.message, scene);
}
