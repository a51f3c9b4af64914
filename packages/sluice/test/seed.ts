// Properties run on one seed, so that a failure is the change's and not the day's; `FC_SEED=random`
// looks further, and a failure prints its seed and counterexample.
import fc from "fast-check";

const seed = process.env["FC_SEED"] ?? "20261121";
if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });
