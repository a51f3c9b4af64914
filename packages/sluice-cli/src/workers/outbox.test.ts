import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

function outbox(send: (items: readonly unknown[]) => void) {
  const scheduled: (() => void)[] = [];
  const box = new Outbox<unknown>({
    send,
    instead: (item, error) =>
      item === "dropped" ? undefined : `${String(item)}: ${(error as Error).message}`,
    schedule: (flush) => scheduled.push(flush),
  });
  return { box, scheduled };
}

test("all of a turn goes in one message, in order, scheduled once", () => {
  const sent: unknown[] = [];
  const { box, scheduled } = outbox((items) => sent.push(items));
  for (const item of [1, 2, 3]) box.put(item);
  expect({ sent, scheduled: scheduled.length }).toEqual({ sent: [], scheduled: 1 });
  scheduled[0]!();
  expect(sent).toEqual([[1, 2, 3]]);
  box.put(4);
  scheduled[1]!();
  expect(sent).toEqual([[1, 2, 3], [4]]);
  box.flush();
  expect(sent).toHaveLength(2);
});

test("only what cannot be cloned is replaced or left out", () => {
  const sent: unknown[] = [];
  const { box } = outbox((items) => {
    if (items.includes("bad") || items.includes("dropped")) throw new Error("no clone");
    sent.push(...items);
  });
  for (const item of [1, "bad", 2, "dropped", 3]) box.put(item);
  box.flush();
  expect(sent).toEqual([1, "bad: no clone", 2, 3]);
});
