/**
 * Measures what scoring in 8 bits changes: trains on data sets, quantises with the training images, and compares metrics
 * and maps with those in float32. Writes bench/results/quantisation.json after every data set and, at the end, the table
 * of docs/accuracy.md.
 *
 *   node --import tsx bench/quantisation.ts <folders...> [options]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Detector } from "../lib/detector/detector.js";
import { train } from "../lib/detector/train.js";
import { integer } from "../lib/errors/validate.js";
import { openDataset, type Dataset } from "../lib/evaluation/dataset.js";
import { markdownTable } from "../scripts/markdown-table.js";
import { writeMarkedSection } from "../scripts/marked-section.js";
import { describeEnvironment, describeMachines, type Environment } from "./environment.js";
import { ResultsFile } from "./results-file.js";
import { runCommand } from "./run-command.js";

/** What a detector finds in a data set. */
interface Metrics {
  imageAuroc: number | null;
  pixelAuroc: number | null;
  pro: number | null;
}

interface QuantisationResult {
  subject: string;
  imageSize: number;
  epochs: number;
  float32: Metrics;
  int8: Metrics;
  /** Pearson's correlation of the maps of an image in 8 bits and in float32: the mean over the test images, and the least. */
  correlation: { mean: number; least: number };
  environment: Environment;
}

const results = new ResultsFile<QuantisationResult>("quantisation.json", ({ subject, imageSize, epochs }) =>
  JSON.stringify([subject, imageSize, epochs]),
);

async function measure(
  folder: string,
  settings: { imageSize: number; epochs: number },
  weights: string | undefined,
): Promise<QuantisationResult> {
  const dataset = await openDataset(folder);
  const temporary = await mkdtemp(join(tmpdir(), "quantisation-"));
  try {
    const path = join(temporary, "model.safetensors");
    await using trained = await train(dataset.train, {
      ...settings,
      ...{ calibrate: false, precision: "auto", device: "cpu" },
      ...(weights && { weights }),
    });
    await trained.quantise(dataset.train);
    await trained.save(path);
    await using exact = await Detector.load(path, { device: "cpu", precision: "float32" });
    await using quantised = await Detector.load(path, { device: "cpu", precision: "int8" });
    return {
      subject: basename(folder),
      ...settings,
      float32: await metricsOf(exact, dataset),
      int8: await metricsOf(quantised, dataset),
      correlation: await correlationOf(exact, quantised, dataset),
      environment: await describeEnvironment(),
    };
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function metricsOf(detector: Detector, dataset: Dataset): Promise<Metrics> {
  const { overall } = await detector.evaluate(dataset, { resamples: 0 });
  const { image, pixel } = overall;
  return { imageAuroc: image.auroc, pixelAuroc: pixel?.auroc ?? null, pro: pixel?.pro.dataset ?? null };
}

async function correlationOf(exact: Detector, quantised: Detector, { test }: Dataset) {
  const correlations: number[] = [];
  for (const { image } of test) {
    const [a, b] = await Promise.all([exact.score(image), quantised.score(image)]);
    correlations.push(correlate(a.map.data, b.map.data));
  }
  return {
    mean: correlations.reduce((sum, value) => sum + value, 0) / correlations.length,
    least: Math.min(...correlations),
  };
}

/** Pearson's correlation. */
function correlate(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(a), mean(b)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    xx += (value - x) ** 2;
    xy += (value - x) * (b[i]! - y);
    yy += (b[i]! - y) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

function formatTable(all: readonly QuantisationResult[]): string {
  const shown = (value: number | null) => value?.toFixed(4) ?? "";
  const header = ["Data set", "Precision", "Image AUROC", "Pixel AUROC", "PRO", "Correlation of the maps"];
  const rows = all.flatMap(({ subject, imageSize, epochs, float32, int8, correlation }) => {
    const set = `${subject}, ${imageSize} x ${imageSize}, ${epochs} epochs`;
    const row = (precision: string, metrics: Metrics, last: string) => [
      ...[set, precision, shown(metrics.imageAuroc), shown(metrics.pixelAuroc), shown(metrics.pro), last],
    ];
    const { mean, least } = correlation;
    return [
      row("float32", float32, ""),
      row("int8", int8, `${mean.toFixed(5)}, at least ${least.toFixed(5)}`),
    ];
  });
  return `${describeMachines(all)}\n${markdownTable(header, rows, (column) => (column < 2 ? "---" : "---:"))}`;
}

async function main(folders: string[], flags: { weights?: string; imageSize: string; epochs: string }) {
  const number = (name: string, text: string) => integer(name, Number(text), 1, 100_000);
  for (const folder of folders) {
    const settings = {
      imageSize: number("--image-size", flags.imageSize),
      epochs: number("--epochs", flags.epochs),
    };
    const result = await measure(folder, settings, flags.weights);
    await results.add(result);
    console.log(JSON.stringify(result));
  }
  const page = fileURLToPath(new URL("../docs/accuracy.md", import.meta.url));
  await writeMarkedSection(page, "quantisation", formatTable(await results.read()));
}

const program = new Command("quantisation")
  .description("compare scoring in 8 bits with scoring in float32")
  .argument("<folders...>", "data sets in the layout of MVTec AD")
  .option("--weights <file>", "the teacher's weights: a file, or imagenet; default: a random teacher")
  .option("--image-size <pixels>", "height and width of the images", "256")
  .option("--epochs <n>", "passes over the training images", "20")
  .action(main);

await runCommand(program);
