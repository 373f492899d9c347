import { join } from "node:path";
import { createModel, Detector } from "../../lib/detector.js";
import { writeModelFile } from "../../lib/model-file.js";
import { describe } from "../parity/inputs.js";
import { compare, timed, type Comparison } from "./compare.js";
import type { Effort } from "./effort.js";
import type { Workload } from "./workload.js";

/** `callers` that each score one image after the other; the reference, which has no queue, does so alone. */
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
  const reference = async () =>
    (await workload.reference.request<{ seconds: number }>({ job: "score", count: 1 })).seconds;
  const subject = { job: `service, ${workload.backbone}, ${callers} callers`, unit: "an image" };
  return await compare(subject, rounds, { ours, reference });
}

/**
 * What the facade adds to the native call for an image of the usual size: checks, queue, and the way there and
 * back. The networks are as small as can be, so that their time's noise does not hide it.
 */
export async function compareFacade(workload: Workload, { rounds }: Effort): Promise<Comparison> {
  const { addon, backbone, folder } = workload;
  const model = { ...describe(backbone, "paper"), imageSize: [32, 32] as [number, number] };
  const native = await createModel(addon, model, { device: "cpu", precision: "float32" }, 0);
  const file = join(folder, "smallest.safetensors");
  await writeModelFile(file, native, { model, training: null });
  await using detector = await Detector.load(file);
  const image = workload.images[0]!;
  const scoreNatively = () => native.score([image], 0, new addon.CancelToken());
  const [{ score }, [expected]] = [await detector.score(image), await scoreNatively()];
  if (score !== expected!.score) {
    throw new Error(`The facade scores ${score}, the native call ${expected!.score}.`);
  }
  const subject = { job: `facade, ${backbone}, 32 x 32`, unit: "an image", against: "the native call" };
  const found = await compare(subject, 40 * rounds, {
    ours: () => timed(() => detector.score(image)),
    reference: () => timed(scoreNatively),
  });
  const added = (found.ours.median - found.reference.median) * 1000;
  await native.dispose();
  return { ...found, figures: { "ms added": added } };
}
