import { existsSync } from "node:fs";
import type { Detector } from "../../lib/detector/detector.js";
import { auroc, type Metric } from "../../lib/evaluation/metrics/index.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import { describeEnvironment } from "../environment.js";
import { readIdx } from "./idx.js";
import type { OneClassResult, Settings } from "./results.js";
import { secondsSince, trainForBenchmark } from "./training.js";

/** The classes of Fashion-MNIST, by label. */
export const classes = [
  ...["t-shirt", "trouser", "pullover", "dress", "coat"],
  ...["sandal", "shirt", "sneaker", "bag", "ankle-boot"],
] as const;

/** Where Debian's package dataset-fashion-mnist installs the files. */
const wellKnownFolder = "/usr/share/datasets/fashion-mnist";

/** Number of images scored at a time, which bounds the memory of the maps. */
const chunk = 1000;

/** Grey images of 28 x 28 pixels, and their labels. */
interface LabelledImages {
  images: RawImage[];
  labels: Uint8Array;
}

/** Fashion-MNIST (Xiao, Rasul & Vollgraf 2017). */
export interface FashionMnist {
  train: LabelledImages;
  test: LabelledImages;
}

/**
 * Reads the four IDX files, plain or gzipped.
 *
 * @param folder Their folder; by default, where Debian's package installs them.
 * @throws Error saying where to get the files, or what is wrong with them.
 */
export async function openFashionMnist(folder = wellKnownFolder): Promise<FashionMnist> {
  if (!existsSync(folder)) {
    throw new Error(
      `The folder ${folder} does not exist. Install Debian's package dataset-fashion-mnist, or set --data to the ` +
        "folder of the four idx files (github.com/zalandoresearch/fashion-mnist).",
    );
  }
  return { train: await readPart(folder, "train"), test: await readPart(folder, "t10k") };
}

/**
 * Runs the one-class protocol: trains on the training images of one class, enlarged from 28 x 28 to 32 x 32, and then
 * distinguishes the test images of that class from those of the nine others.
 */
export async function runOneClass(
  data: FashionMnist,
  subject: (typeof classes)[number],
  settings: Settings,
  weights: string | undefined,
): Promise<OneClassResult> {
  const trainImages = trainingImages(data, subject);
  const name = `${subject} (${settings.normalisation})`;
  const { detector, seconds } = await trainForBenchmark(name, trainImages, settings, weights);
  try {
    const started = performance.now();
    const normal = testLabels(data, subject).filter((label) => label === 0).length;
    return {
      protocol: "fashion-mnist",
      subject,
      settings,
      images: {
        train: trainImages.length,
        normal,
        anomalous: data.test.images.length - normal,
      },
      ...(await imageAurocs(detector, data, subject)),
      trainSeconds: seconds,
      scoreSeconds: secondsSince(started),
      environment: await describeEnvironment(),
    };
  } finally {
    await detector.dispose();
  }
}

/** The training images of a class. */
export function trainingImages({ train }: FashionMnist, subject: (typeof classes)[number]): RawImage[] {
  const normal = classes.indexOf(subject);
  return train.images.filter((_, i) => train.labels[i] === normal);
}

/** 0 for the test images of a class, 1 for those of the nine others. */
function testLabels({ test }: FashionMnist, subject: (typeof classes)[number]): Uint8Array {
  const normal = classes.indexOf(subject);
  return Uint8Array.from(test.labels, (label) => Number(label !== normal));
}

/** Scores the test images: by the largest value of each map, as `score` does, and by the mean. */
export async function imageAurocs(
  detector: Detector,
  data: FashionMnist,
  subject: (typeof classes)[number],
): Promise<{ imageAuroc: Metric; imageAurocOfMeans: Metric }> {
  const { images } = data.test;
  const anomalous = testLabels(data, subject);
  const scores: number[] = [];
  const means: number[] = [];
  for (let begin = 0; begin < images.length; begin += chunk) {
    const results = await detector.scoreBatch(images.slice(begin, begin + chunk), { batchSize: 100 });
    for (const { score, map } of results) {
      scores.push(score);
      means.push(map.data.reduce((sum, value) => sum + value, 0) / map.data.length);
    }
  }
  return { imageAuroc: auroc(scores, anomalous), imageAurocOfMeans: auroc(means, anomalous) };
}

async function readPart(folder: string, part: "train" | "t10k"): Promise<LabelledImages> {
  const pixels = await readIdx(folder, `${part}-images-idx3-ubyte`);
  const { shape, data: labels } = await readIdx(folder, `${part}-labels-idx1-ubyte`);
  const [count, height, width] = pixels.shape;
  if (pixels.shape.length !== 3 || shape.length !== 1 || shape[0] !== count) {
    const shapes = `[${pixels.shape.join(", ")}] and [${shape.join(", ")}]`;
    throw new Error(
      `The images and labels of ${part} in ${folder} do not match: their shapes are ${shapes}.`,
    );
  }
  const size = height! * width!;
  const images = Array.from({ length: count! }, (_, i): RawImage => ({
    data: pixels.data.subarray(i * size, (i + 1) * size),
    width: width!,
    height: height!,
    channels: 1,
  }));
  return { images, labels };
}
