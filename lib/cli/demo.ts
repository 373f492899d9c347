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
import { requireSeparate } from "../files/outputs.js";
import { decodeImage } from "../image/decode.js";
import { generateSample } from "../sample/generate.js";
import type { SampleOptions } from "../sample/options.js";
import { findOrDownloadWeights } from "../teacher/published/obtain.js";
import type { CommandContext } from "./context.js";
import { numberValue } from "./flags.js";
import { HeatmapFolder } from "./heatmap-folder.js";
import { weightsInputs } from "./inputs.js";
import { downloadProgress, duration, showProgress } from "./progress.js";
import { trainProgress } from "./train.js";

interface DemoFlags {
  out: string;
  weights?: string;
  seed: number;
  quick?: boolean;
}

/**
 * The full demonstration takes a few minutes on two cores. It draws a single texture because a detector is meant for
 * one product; on a mix of textures, a random teacher mistakes some good parts for defective ones.
 */
const full = {
  sample: { size: 256, train: 80, testGood: 24, testPerDefect: 8, textures: ["granite"] },
  training: { imageSize: 128, epochs: 25, batchSize: 8 },
} as const;

/** Runs through every step in seconds, which is too short to learn much. */
const quick = {
  sample: { size: 64, train: 8, testGood: 4, testPerDefect: 1 },
  training: { imageSize: 64, epochs: 1, batchSize: 4 },
} as const;

/**
 * The demonstration behind `npm start`: draws sample parts, trains a ResNet-18 detector on the good ones, evaluates it
 * on good and defective ones, and writes the model, the report and heatmaps.
 *
 * @param argv The arguments after the program's name: `--out <folder>`, `--weights <file>`, `--seed <n>`, `--quick`.
 * @throws ReverseDistillationError if any step fails.
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
      markRejected: () => undefined,
    });
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

/** @returns undefined if only the help was requested. */
function parse(argv: string[]): DemoFlags | undefined {
  const command = new Command("npm start --")
    .description("draw sample parts, train a detector on the good ones, and find the defects in the others")
    .option(
      "--out <folder>",
      "where to write the results",
      fileURLToPath(new URL("../../out", import.meta.url)),
    )
    .option(
      "--weights <file>",
      "the teacher's ImageNet weights: a .pth or safetensors file (default: torchvision's, if available)",
    )
    .option("--seed <n>", "seed of the parts and the training", numberValue, 0)
    .option("--quick", "finish in seconds: show every step, but learn little")
    .exitOverride()
    // Errors in the arguments are thrown, and the caller prints them.
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
    throw ioError(error, "Creating the folder", out);
  });
  await requireSeparate(
    [
      { name: "the model", path: files.model },
      { name: "the report", path: files.report },
    ],
    weightsInputs(flags.weights),
  );

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
 * Returns torchvision's weights if they can be obtained. The demonstration also runs without a network, so it prints
 * which weights it uses.
 *
 * @param cachedOnly Whether to stay off the network.
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
    if (found.path === undefined) context.note(`Continuing without ImageNet weights. ${found.reason}`);
    else context.note(`The teacher uses torchvision's ImageNet weights: ${found.path}`);
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
