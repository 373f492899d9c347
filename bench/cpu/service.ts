import { createDetector, Detector } from "../../lib/detector/detector.js";
import { createModel } from "../../lib/detector/parts.js";
import { batchingDefaults } from "../../lib/options/batching.js";
import { describe } from "../parity/inputs.js";
import { alternate, compare, comparison, distribution, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import type { Workload } from "./workload.js";

/** Compares several callers that each score one image after another with the reference, which has no queue, alone. */
export async function compareService(
  workload: Workload,
  callers: number,
  { rounds }: Effort,
): Promise<Comparison> {
  await using detector = await Detector.load(workload.files.model);
  const each = 4;
  const ours = async () => {
    const call = async (caller: number) => {
      for (let i = 0; i < each; i++)
        await detector.score(workload.images[(caller + i) % workload.images.length]!);
    };
    return (
      (await timed(() => Promise.all(Array.from({ length: callers }, (_, i) => call(i))))) / (callers * each)
    );
  };
  const ask = () => workload.reference.request<{ seconds: number }>({ job: "score", count: 1 });
  const reference = async () => {
    await ask(); // A first score, like that of each caller.
    return (await ask()).seconds;
  };
  await requireRightAnswers(workload, detector);
  const subject = { job: `service, ${workload.backbone}, ${callers} callers`, unit: "per image" };
  return await compare(subject, rounds, { ours, reference });
}

/** Checks that concurrent calls get the answers for their own images. */
async function requireRightAnswers({ native, addon, images }: Workload, detector: Detector): Promise<void> {
  const answers = await Promise.all(images.map((image) => detector.score(image)));
  for (const [i, { score }] of answers.entries()) {
    const [expected] = await native.score([images[i]!], 0, new addon.CancelToken());
    if (!(Math.abs(score - expected!.score) < 1e-4 * expected!.score)) {
      throw new Error(`The service gives image ${i} the score ${score}, but alone it is ${expected!.score}.`);
    }
  }
}

/**
 * Measures what the facade adds to the native call: checks and the queue. Also measures a crossing to the native
 * thread and back. The networks' image is as small as possible and one thread computes, so that noise in the networks'
 * time does not hide the difference, which is taken between neighbouring calls on the same networks.
 */
export async function compareFacade(workload: Workload, { rounds }: Effort): Promise<Comparison> {
  const { addon, backbone } = workload;
  const model = { ...describe(backbone, "paper"), imageSize: [32, 32] as [number, number] };
  const native = await createModel(addon, model, { device: "cpu", precision: "float32" }, 0);
  const batching = batchingDefaults;
  await using detector = createDetector({
    addon,
    native,
    model,
    training: null,
    inputs: [],
    threads: 1,
    batching,
  });
  const image = workload.images[0]!;
  const scoreNatively = () => native.score([image], 1, new addon.CancelToken());
  const [{ score }, [expected]] = [await detector.score(image), await scoreNatively()];
  if (score !== expected!.score) {
    throw new Error(`The facade gives the score ${score}, but the native call ${expected!.score}.`);
  }
  const sides = {
    ours: () => timed(() => detector.score(image)),
    reference: () => timed(scoreNatively),
  };
  const calls = 100 * rounds;
  await alternate(100, sides, async () => {}); // Warm up, so that the JavaScript is compiled as in a running service.
  const { ours, reference } = await alternate(calls, sides, async () => {});
  // A call that is cancelled before it starts goes to the native thread and back, but computes nothing.
  const cancelled = new addon.CancelToken();
  cancelled.cancel();
  const cross = () => native.score([image], 1, cancelled).catch(() => undefined);
  const crossings: number[] = [];
  for (let call = 0; call < calls; call++) crossings.push(await timed(cross));
  const subject = { job: `facade, ${backbone}, 32 x 32`, unit: "per image", against: "the native call" };
  const added = ours.map((seconds, i) => seconds - reference[i]!);
  return {
    ...comparison(subject, ours, reference),
    figures: {
      "ms added": distribution(added).median * 1000,
      "ms per crossing": distribution(crossings).median * 1000,
    },
  };
}
