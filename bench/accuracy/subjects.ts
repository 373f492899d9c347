import { basename } from "node:path";
import type { Detector } from "../../lib/detector/detector.js";
import { openDataset } from "../../lib/evaluation/dataset.js";
import type { ImageSource } from "../../lib/image/source.js";
import { imageAurocs, trainingImages, type classes, type FashionMnist } from "./fashion-mnist.js";

/** What recipes are compared on: good images to train on, and a way to evaluate. */
export interface Subject {
  name: string;
  train: ImageSource;
  imageAuroc: (detector: Detector) => Promise<number>;
  /** Of the maps; null where there are no masks. */
  pixels: (detector: Detector) => Promise<{ pixelAuroc: number | null; pro: number | null }>;
}

/** A data set in a folder. */
export async function folderSubject(folder: string): Promise<Subject> {
  const dataset = await openDataset(folder);
  return {
    name: basename(folder),
    train: dataset.train,
    async imageAuroc(detector) {
      const { overall } = await detector.evaluate(dataset, { pixels: false, resamples: 0 });
      return overall.image.auroc!;
    },
    async pixels(detector) {
      const { overall } = await detector.evaluate(dataset, { resamples: 0 });
      return { pixelAuroc: overall.pixel?.auroc ?? null, pro: overall.pixel?.pro.dataset ?? null };
    },
  };
}

/** What the names of classes begin with. */
export const fashionMnist = "fashion-mnist/";

/** A class of Fashion-MNIST against the nine others. */
export function classSubject(data: FashionMnist, name: (typeof classes)[number]): Subject {
  return {
    name: fashionMnist + name,
    train: trainingImages(data, name),
    imageAuroc: async (detector) => (await imageAurocs(detector, data, name)).imageAuroc!,
    pixels: () => Promise.resolve({ pixelAuroc: null, pro: null }),
  };
}
