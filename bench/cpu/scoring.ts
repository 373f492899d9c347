import type { NativeScore } from "../../lib/native/addon.js";
import type { Precision } from "../../lib/options/precision.js";
import { timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import { comparePrecisions } from "./precisions.js";
import type { Workload } from "./workload.js";

/**
 * Compares scoring a batch of `count` images, from 8-bit pixels to the smoothed map, in each precision with the
 * reference in float32. The answers are compared first.
 */
export async function compareScoring(
  workload: Workload,
  precisions: readonly Precision[],
  count: number,
  { rounds }: Effort,
): Promise<Comparison[]> {
  const images = workload.images.slice(0, count);
  const ask = (count: number) =>
    workload.reference.request<{ seconds: number; scores: number[] }>({ job: "score", count });
  const expected = (await ask(count)).scores;
  const ours = {} as Record<Precision, () => Promise<number>>;
  for (const precision of precisions) {
    const model = await workload.inPrecision(precision);
    const score = (count: number) => model.score(images.slice(0, count), 0, new workload.addon.CancelToken());
    requireEqual(await score(count), expected, precision);
    ours[precision] = async () => {
      await warmUp(() => score(1));
      return await timed(() => score(count));
    };
  }
  const reference = async () => {
    await warmUp(() => ask(1));
    return (await ask(count)).seconds;
  };
  return comparePrecisions(workload, precisions, rounds, {
    name: `score, ${workload.backbone}, batch ${count}`,
    unit: "per batch",
    operations: (await workload.operations(true)).score * count,
    ours,
    reference,
  });
}

/** Works for a tenth of a second. After a pause, threads are asleep or share a core, and caches are cold. */
async function warmUp(work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  do await work();
  while (performance.now() - started < 100);
}

function requireEqual(ours: NativeScore[], reference: number[], precision: Precision): void {
  const limit = precision === "float32" ? 1e-4 : 0.05;
  ours.forEach(({ score }, i) => {
    const difference = Math.abs(score - reference[i]!);
    if (!(difference <= limit * Math.max(1, reference[i]!))) {
      throw new Error(
        `The scores of image ${i} in ${precision} differ by ${difference}: ${score} and ${reference[i]}.`,
      );
    }
  });
}
