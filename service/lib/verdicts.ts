import type { Verdict } from "reverse-distillation";

/** Every verdict, from the best to the worst. */
export const verdicts = ["accept", "review", "reject"] as const satisfies readonly Verdict[];
