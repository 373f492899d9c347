import type { NativeScore, Precision } from "../../lib/native/addon.js";
import { compare, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import type { Workload } from "./workload.js";

/** Scores, from 8-bit pixels to the smoothed map, a batch of `count`. The answers are compared first. */
export async function compareScoring(
  workload: Workload,
  precision: Precision,
  count: number,
  { rounds }: Effort,
): Promise<Comparison> {
  const model = precision === "float32" ? workload.native : await workload.inPrecision(precision);
  const images = workload.images.slice(0, count);
  const score = () => model.score([...images], 0, new workload.addon.CancelToken());
  const ask = () =>
    workload.reference.request<{ seconds: number; scores: number[] }>({ job: "score", count });
  try {
    requireEqual(await score(), (await ask()).scores, precision);
    const subject = { job: `score, ${workload.backbone}, batch ${count}, ${precision}`, unit: "a batch" };
    const found = await compare(subject, rounds, {
      ours: () => timed(score),
      reference: async () => (await ask()).seconds,
    });
    if (precision !== "float32") return found;
    const { operations, peak } = await workload.arithmetic();
    const rate = (operations * count) / found.ours.median;
    return { ...found, figures: { "GFLOP/s": rate / 1e9, "share of the matrix product's": rate / peak } };
  } finally {
    if (model !== workload.native) await model.dispose();
  }
}

function requireEqual(ours: NativeScore[], reference: number[], precision: Precision): void {
  const limit = precision === "float32" ? 1e-4 : 0.05;
  ours.forEach(({ score }, i) => {
    const difference = Math.abs(score - reference[i]!);
    if (!(difference <= limit * Math.max(1, reference[i]!))) {
      throw new Error(
        `The scores of image ${i} differ by ${difference} in ${precision}: ${score} and ${reference[i]}.`,
      );
    }
  });
}
