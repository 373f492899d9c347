import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { Detector } from "../../lib/detector.js";
import type {
  EpochReport,
  NativeImageSet,
  NativeModel,
  NativeScore,
  Precision,
  RawImage,
} from "../../lib/native/addon.js";
import { writeSafetensors } from "../../lib/safetensors/writer.js";
import { seededImages } from "../parity/inputs.js";
import { compare, comparison, timed, type Comparison } from "./compare.js";
import { imageSize, type Workload } from "./workload.js";

/** How often, and on what, a benchmark runs. */
export interface Effort {
  rounds: number;
  trainingSteps: number;
}

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
    return await compare(`score, ${workload.backbone}, batch ${count}, ${precision}`, "a batch", rounds, {
      ours: () => timed(score),
      reference: async () => (await ask()).seconds,
    });
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
  return await compare(`service, ${workload.backbone}, ${callers} callers`, "an image", rounds, {
    ours,
    reference,
  });
}

/** Steps of training on batches of 16, the teacher at every step or its features kept. */
export async function compareTraining(
  workload: Workload,
  precision: Precision,
  keep: boolean,
  { rounds, trainingSteps }: Effort,
): Promise<Comparison> {
  const batchSize = Math.min(16, workload.images.length);
  const model = await workload.inPrecision(precision);
  const set = new workload.addon.ImageSet(imageSize, imageSize);
  try {
    for (const image of workload.images.slice(0, batchSize)) await set.add(image);
    const train = () => trainHere(workload, model, set, batchSize, keep, trainingSteps);
    const request = { job: "train", batchSize, steps: trainingSteps, keep };
    const trainThere = () => workload.reference.request<Trained>(request);
    await workload.reference.request({ job: "open", ...workload.files });
    requireEqualLoss((await train()).loss, (await trainThere()).loss, precision);
    const ours = async () => (await train()).seconds;
    const reference = async () => (await trainThere()).seconds;
    const features = keep ? "features kept" : "teacher at every step";
    return await compare(
      `training step, ${workload.backbone}, batch ${batchSize}, ${features}, ${precision}`,
      "a step",
      rounds,
      { ours, reference },
    );
  } finally {
    set.dispose();
    await model.dispose();
  }
}

interface Trained {
  /** Of a step. */
  seconds: number;
  /** Of the first step. */
  loss: number;
}

function requireEqualLoss(ours: number, reference: number, precision: Precision): void {
  const limit = precision === "float32" ? 1e-4 : 0.02;
  if (Math.abs(ours - reference) <= limit * reference) return;
  throw new Error(`The losses of the first step differ in ${precision}: ${ours} and ${reference}.`);
}

/** An epoch is one step here. The first, which computes what is kept, does not count. */
async function trainHere(
  { addon }: Workload,
  model: NativeModel,
  set: NativeImageSet,
  batchSize: number,
  keep: boolean,
  steps: number,
): Promise<Trained> {
  const reports: EpochReport[] = [];
  await model.train(
    set,
    {
      ...{ epochs: steps + 1, batchSize, learningRate: 0.005, loss: "location", seed: 0, threads: 0 },
      ...{ featureMemory: keep ? 2 ** 40 : 0, featureDisk: 0, featureFolder: "" },
    },
    new addon.CancelToken(),
    (report) => reports.push(report),
  );
  const [first, ...others] = reports;
  const seconds = others.reduce((sum, { imagesPerSecond }) => sum + batchSize / imagesPerSecond, 0);
  return { seconds: seconds / steps, loss: first!.loss };
}

/** Resizing of 900 x 900 to 256 x 256: by the addon and by sharp, each against Pillow. */
export async function compareResizing(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  const images = seededImages(8, [900, 900]);
  const path = join(workload.folder, "large.safetensors");
  const data = Buffer.concat(images.map((image) => new Uint8Array(image.data)));
  await writeSafetensors(path, [{ name: "images", dtype: "U8", shape: [8, 900, 900, 3], data }], {});
  const reference = async () =>
    (
      await workload.reference.request<{ seconds: number }>({
        ...{ job: "resize", images: path, size: [imageSize, imageSize] },
      })
    ).seconds;
  const ofAddon = async () => {
    const set = new workload.addon.ImageSet(imageSize, imageSize);
    const seconds = await timed(async () => {
      for (const image of images) await set.add(image);
    });
    set.dispose();
    return seconds / images.length;
  };
  const bySharp = async () => (await timed(() => Promise.all(images.map(resizeBySharp)))) / images.length;
  const job = (by: string) => `resize 900 x 900 to ${imageSize} x ${imageSize}, by ${by}; Pillow`;
  return [
    await compare(job("the addon"), "an image", rounds, { ours: ofAddon, reference }),
    await compare(job("sharp"), "an image", rounds, { ours: bySharp, reference }),
  ];
}

function resizeBySharp({ data, width, height }: RawImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(imageSize, imageSize, { kernel: "linear", fit: "fill" })
    .raw()
    .toBuffer();
}

const program = fileURLToPath(new URL("../../.build/cpu/reverse_distillation_benchmark", import.meta.url));

/** The operators from features to the map and its maximum, for one image. */
export async function compareOperators(workload: Workload, { rounds }: Effort): Promise<Comparison[]> {
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: npm run bench builds it.`);
  }
  const expansion = ["resnet18", "resnet34"].includes(workload.backbone) ? 1 : 4;
  const steps = ["cosine_map", "upsample_sum", "blur_and_maximum", "all"] as const;
  type Seconds = Record<(typeof steps)[number], number>;
  const found: { ours: Seconds; reference: Seconds }[] = [];
  for (let round = -1; round < rounds; round++) {
    const { stdout } = await promisify(execFile)(program, [String(expansion), String(imageSize), "20"]);
    const request = { job: "maps", backbone: workload.backbone, size: imageSize };
    const { seconds } = await workload.reference.request<{ seconds: Seconds }>(request);
    found.push({ ours: JSON.parse(stdout) as Seconds, reference: seconds });
  }
  return steps.map((step) => {
    const of = (side: "ours" | "reference") => found.slice(1).map((round) => round[side][step]);
    return comparison(`${step}, ${workload.backbone}'s features`, "an image", of("ours"), of("reference"));
  });
}
