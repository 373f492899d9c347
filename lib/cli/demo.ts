import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { train } from "../detector/train.js";
import { openDataset } from "../evaluation/dataset.js";
import { evaluate, type Report } from "../evaluation/evaluate.js";
import { formatReport } from "../evaluation/report.js";
import { writeAtomically } from "../files/atomic-file.js";
import { ioError } from "../files/io-error.js";
import { decodeImage } from "../image/decode.js";
import { generateSample } from "../sample/generate.js";
import type { SampleOptions } from "../sample/options.js";
import { findOrDownloadWeights } from "../teacher/published/obtain.js";
import type { CommandContext } from "./context.js";
import { HeatmapFolder } from "./heatmap-folder.js";
import { numberValue } from "./option-values.js";
import { downloadProgress, duration, showProgress } from "./progress.js";
import { trainProgress } from "./train.js";

interface DemoFlags {
  out: string;
  weights?: string;
  seed: number;
  quick?: boolean;
}

/**
 * What the demonstration draws and how it trains: sized for a few minutes on two cores. One texture, as a detector
 * is meant for one product; among several mixed ones a random teacher takes some good parts for defective.
 */
const full = {
  sample: { size: 256, train: 80, testGood: 24, testPerDefect: 8, textures: ["granite"] },
  training: { imageSize: 128, epochs: 25, batchSize: 8 },
} as const;

/** A run through every step in seconds, too short to learn much. */
const quick = {
  sample: { size: 64, train: 8, testGood: 4, testPerDefect: 1 },
  training: { imageSize: 64, epochs: 1, batchSize: 4 },
} as const;

/**
 * The demonstration that `npm start` runs: draws sample parts, trains a ResNet-18 detector on the
 * good ones, evaluates it on good and defective ones, and leaves the model, the report and heatmaps.
 *
 * @param argv Arguments after the program's name: `--out <folder>`, `--weights <file>`, `--seed <n>`, `--quick`.
 * @throws ReverseDistillationError whatever goes wrong on the way.
 */
export async function main(argv: string[]): Promise<void> {
  const flags = parse(argv);
  if (flags === undefined) return;
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt);
  try {
    await demonstrate(flags, {
      signal: abort.signal,
      interactive: process.stderr.isTTY,
      print: (line) => process.stdout.write(`${line}\n`),
      note: (line) => process.stderr.write(`${line}\n`),
      markFailed: () => (process.exitCode = 1),
    });
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

/** undefined if all that was asked for is the help. */
function parse(argv: string[]): DemoFlags | undefined {
  const command = new Command("npm start --")
    .description("draw sample parts, train a detector on the good ones, and find the defects of the others")
    .option("--out <folder>", "where the results go", fileURLToPath(new URL("../../out", import.meta.url)))
    .option(
      "--weights <file>",
      "ImageNet weights of the teacher: a .pth or safetensors file (default: torchvision's, where they can be had)",
    )
    .option("--seed <n>", "decides the parts and the training", numberValue, 0)
    .option("--quick", "a run of seconds, that shows the steps and learns little")
    .exitOverride()
    // What is wrong with the arguments is thrown, and shown by the caller.
    .configureOutput({ writeErr: () => undefined });
  try {
    return command.parse(argv, { from: "user" }).opts<DemoFlags>();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    throw error;
  }
}

async function demonstrate(flags: DemoFlags, context: CommandContext): Promise<void> {
  const { out, seed } = flags;
  const { signal } = context;
  const started = performance.now();
  const settings = flags.quick ? quick : full;
  const folders = { sample: join(out, "sample"), heatmaps: join(out, "heatmaps") };
  const files = { model: join(out, "model.safetensors"), report: join(out, "report.json") };
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw ioError(error, "Making the folder", out);
  });

  await draw(folders.sample, { ...settings.sample, seed }, context);
  const weights = flags.weights ?? (await findWeights(context, flags.quick === true));
  const progress = trainProgress(context);
  try {
    await using detector = await train(folders.sample, {
      ...settings.training,
      weights,
      seed,
      signal,
      onProgress: progress.report,
    });
    progress.stop();
    await detector.save(files.model, { signal });

    const heatmaps = new HeatmapFolder(folders.heatmaps, undefined);
    const scoring = showProgress(context, "Scoring ", "images", 20);
    const report = await evaluate(detector, await openDataset(folders.sample), {
      signal,
      onProgress: ({ done, total }) => scoring.update(done, total, ""),
      onScored: async ({ image }, { map }) => {
        const heatmap = relative(join(folders.sample, "test"), image);
        await heatmaps.add({ path: image, heatmap }, await decodeImage(image), map);
      },
    }).finally(() => scoring.stop());
    await heatmaps.finish(signal);
    await writeAtomically(files.report, (file) => file.writeFile(`${JSON.stringify(report, null, 2)}\n`));
    summarise(report, { ...folders, ...files }, (performance.now() - started) / 1000, context);
  } finally {
    progress.stop();
  }
}

/**
 * torchvision's weights where they can be had: a demonstration must go on without a network, and say what
 * it goes on with.
 *
 * @param cachedOnly Whether to do without the network.
 */
async function findWeights(context: CommandContext, cachedOnly: boolean): Promise<string | undefined> {
  const progress = downloadProgress(context);
  try {
    const found = await findOrDownloadWeights("resnet18", {
      ...(cachedOnly && { offline: true }),
      signal: context.signal,
      onProgress: progress.report,
    });
    progress.stop();
    if (found.path === undefined) context.note(`Going on without ImageNet weights. ${found.reason}`);
    else context.note(`The teacher has torchvision's ImageNet weights: ${found.path}`);
    return found.path;
  } finally {
    progress.stop();
  }
}

async function draw(folder: string, options: SampleOptions, context: CommandContext): Promise<void> {
  const drawing = showProgress(context, "Drawing ", "images", 50);
  try {
    await generateSample(folder, {
      ...options,
      overwrite: true,
      signal: context.signal,
      onProgress: ({ done, total }) => drawing.update(done, total, ""),
    });
  } finally {
    drawing.stop();
  }
}

function summarise(
  report: Report,
  places: { sample: string; heatmaps: string; model: string; report: string },
  seconds: number,
  context: CommandContext,
): void {
  context.print("");
  context.print(formatReport(report));
  context.print("");
  context.print(`Parts      ${places.sample}`);
  context.print(`Heatmaps   ${places.heatmaps}`);
  context.print(`Model      ${places.model}`);
  context.print(`Report     ${places.report}`);
  context.print(`Time       ${duration(seconds)}`);
}
