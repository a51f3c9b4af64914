/** The peers that can say no, asked when there is no room. */

import { Sema } from "async-sema";
import { RateLimiter } from "limiter";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Subject } from "../harness/rounds.ts";

export const refusingPeers: Record<string, () => Subject> = {
  "limiter: tryRemoveTokens": () => {
    const limiter = new RateLimiter({ tokensPerInterval: 1, interval: "day" });
    limiter.tryRemoveTokens(1);
    return counting(() => !limiter.tryRemoveTokens(1));
  },
  "async-sema: tryAcquire (no time in it)": () => {
    const sema = new Sema(1);
    sema.tryAcquire();
    return counting(() => sema.tryAcquire() === undefined);
  },
};

/** Measured in clock reads too, although they must be awaited. */
export const refusingLater: Record<string, () => Subject> = {
  "rate-limiter-flexible memory: consume": () => {
    const limiter = new RateLimiterMemory({ points: 1, duration: 3600 });
    void limiter.consume("user:7");
    return {
      calls: 20_000,
      batch: async (calls) => {
        let refused = 0;
        for (let i = 0; i < calls; i++) {
          try {
            await limiter.consume("user:7");
          } catch (refusal) {
            if (!(refusal instanceof Error)) refused++;
          }
        }
        return refused;
      },
    };
  },
};

function counting(refuses: () => boolean): Subject {
  return {
    calls: 200_000,
    batch: (calls) => {
      let refused = 0;
      for (let i = 0; i < calls; i++) if (refuses()) refused++;
      return refused;
    },
  };
}
