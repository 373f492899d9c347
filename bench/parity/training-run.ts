import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import { createModel } from "../../lib/detector/parts.js";
import type { Dataset } from "../../lib/evaluation/dataset.js";
import { normalLabel } from "../../lib/evaluation/dataset.js";
import { auroc } from "../../lib/evaluation/metrics/index.js";
import { decodeAhead } from "../../lib/image/source.js";
import type { TrainingDescription } from "../../lib/model-file/description.js";
import { writeModelFile } from "../../lib/model-file/file.js";
import type { Addon, NativeModel } from "../../lib/native/addon.js";
import type { ModelDescription } from "../../lib/options/model.js";
import { trainingDefaults } from "../../lib/options/training.js";
import { loadTeacherWeights } from "../../lib/teacher/weights.js";
import { referenceScript } from "../reference.js";
import { keptFeatures } from "./computed.js";

/** How both sides train. */
export type TrainingSettings = Pick<
  TrainingDescription,
  "epochs" | "batchSize" | "learningRate" | "learningRateSchedule" | "weightAverage" | "loss" | "seed"
>;

/** The training and the accuracy of one side. */
export interface Side {
  imageAuroc: number | null;
  seconds: number;
}

export interface TrainingParity {
  addon: Side;
  reference: Side;
  /** Largest difference between the test scores of addon and reference, both with the model of the reference. */
  largestScoreDifference: number;
}

/**
 * Trains the addon and the reference from the same initial weights on the same images in the same order, and evaluates
 * both. Each decodes and resizes the images itself. Both derive the order from the seed like PyTorch's `randperm`.
 */
export async function compareTrainings(
  addon: Addon,
  python: string,
  dataset: Dataset,
  description: ModelDescription,
  settings: TrainingSettings,
  weights: string,
): Promise<TrainingParity> {
  const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-parity-"));
  const file = (name: string) => join(folder, name);
  const training = {
    ...trainingDefaults,
    ...settings,
    images: dataset.train.length,
    teacherWeights: basename(weights),
    run: null,
  };
  try {
    const model = await createModel(
      addon,
      description,
      { device: "cpu", precision: "float32" },
      settings.seed,
    );
    await loadTeacherWeights(model, weights);
    await writeModelFile(file("initial.safetensors"), model, { model: description, training });

    const nativeSeconds = await timed(() => trainNatively(addon, model, dataset.train, settings));
    await writeModelFile(file("addon.safetensors"), model, { model: description, training });
    await model.dispose();

    await writeFile(file("train.json"), JSON.stringify(dataset.train));
    const pythonSeconds = await timed(() => trainByReference(python, file, settings));

    await writeFile(file("test.json"), JSON.stringify(dataset.test.map(({ image }) => image)));
    const scoring = [referenceScript("score"), file("reference.safetensors"), file("test.json")];
    const byPath = JSON.parse(await run(python, scoring)) as Record<string, number>;
    const referenceScores = dataset.test.map(({ image }) => byPath[image]!);
    const crossScores = await scoreWith(file("reference.safetensors"), dataset);
    const addonScores = await scoreWith(file("addon.safetensors"), dataset);

    const labels = dataset.test.map(({ label }) => label !== normalLabel);
    return {
      addon: { imageAuroc: auroc(addonScores, labels), seconds: nativeSeconds },
      reference: { imageAuroc: auroc(referenceScores, labels), seconds: pythonSeconds },
      largestScoreDifference: Math.max(
        ...referenceScores.map((score, i) => Math.abs(score - crossScores[i]!)),
      ),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function trainNatively(
  addon: Addon,
  model: NativeModel,
  paths: readonly string[],
  settings: TrainingSettings,
): Promise<void> {
  const { height, width } = model.config;
  const set = new addon.ImageSet({ height, width, fit: "stretch" });
  try {
    for await (const image of decodeAhead(paths, { lent: false })) await set.add(image);
    const batchSize = Math.min(settings.batchSize, set.length);
    const config = { ...trainingDefaults, ...settings, batchSize, untilConverged: false, threads: 0 };
    await model.train(
      set,
      { ...config, ...keptFeatures() },
      new addon.CancelToken(),
      ({ epoch, epochs, loss }) =>
        console.error(`  addon: epoch ${epoch}/${epochs}: loss ${loss.toFixed(6)}`),
    );
  } finally {
    set.dispose();
  }
}

async function trainByReference(
  python: string,
  file: (name: string) => string,
  { epochs, batchSize, learningRate, learningRateSchedule, weightAverage, loss, seed }: TrainingSettings,
): Promise<void> {
  await run(python, [
    ...[referenceScript("train"), file("initial.safetensors"), file("train.json")],
    ...[
      "--out",
      file("reference.safetensors"),
      "--epochs",
      String(epochs),
      "--batch-size",
      String(batchSize),
    ],
    ...["--learning-rate", String(learningRate), "--loss", loss, "--seed", String(seed)],
    ...["--learning-rate-schedule", learningRateSchedule, "--weight-average", weightAverage],
  ]);
}

async function scoreWith(model: string, dataset: Dataset): Promise<number[]> {
  const detector = await Detector.load(model);
  try {
    const scores: number[] = [];
    for (const { image } of dataset.test) scores.push((await detector.score(image)).score);
    return scores;
  } finally {
    await detector.dispose();
  }
}

/** Runs a program and returns its output. Its progress and errors go to stderr. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  let printed = "";
  for await (const text of child.stdout.setEncoding("utf8") as AsyncIterable<string>) printed += text;
  const failure = await ended;
  if (failure !== undefined) throw new Error(`${program} ${args.join(" ")} failed: ${failure}`);
  return printed;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round((performance.now() - started) / 100) / 10;
}
