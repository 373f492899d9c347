import { availableParallelism } from "node:os";
import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import { positive } from "../errors/validate.js";
import { decodeImage } from "../image/decode.js";
import type { RawImage } from "../image/raw-image.js";
import { readAhead } from "../image/read-ahead.js";
import type { Device } from "../options/device.js";
import type { ScoringPrecision } from "../options/precision.js";
import type { CommandContext } from "./context.js";
import { HeatmapFolder } from "./heatmap-folder.js";
import { deviceValue, numberValue, precisionOption } from "./option-values.js";
import { findScoreInputs, type ScoreInput } from "./score-inputs.js";

interface ScoreFlags {
  json?: boolean;
  threshold?: number;
  heatmaps?: string;
  heatmapMax?: number;
  weights?: string;
  device: Device;
  precision: ScoringPrecision;
  threads?: number;
}

/** What is known of one image at the end. Written as it is with --json. */
interface ScoreLine {
  image: string;
  score?: number;
  anomalous?: boolean;
  heatmap?: string;
  error?: { code: string; message: string };
}

/** `score <model> <images or folders...>` */
export function scoreCommand(context: CommandContext): Command {
  return new Command("score")
    .description("score images with a trained detector: a line an image, higher is more anomalous")
    .argument("<model>", "the model file that train wrote")
    .argument("<images...>", "images, or folders of them, which are searched through")
    .option("--json", "write a JSON object a line: image, score, and what else is known")
    .option("--threshold <score>", "say of each image whether its score is above this", numberValue)
    .option("--heatmaps <folder>", "write an overlay of each anomaly map on its image into this folder")
    .option(
      "--heatmap-max <value>",
      "value of the strongest colour (default: the largest of all maps)",
      numberValue,
    )
    .option("-w, --weights <file>", "the teacher's weights, for a model that only refers to them")
    .option("--device <name>", "auto, cpu or cuda:N", deviceValue, "auto")
    .addOption(precisionOption())
    .option("--threads <n>", "threads that compute (default: one a core)", numberValue)
    .addHelpText(
      "after",
      "\nAn image that cannot be read is reported, the others are scored, and the exit code is 1.",
    )
    .action((model: string, images: string[], flags: ScoreFlags) => runScore(context, model, images, flags));
}

async function runScore(
  context: CommandContext,
  model: string,
  paths: string[],
  flags: ScoreFlags,
): Promise<void> {
  const { signal } = context;
  const { weights, device, precision, threads, heatmapMax, threshold } = flags;
  if (heatmapMax !== undefined) positive("heatmap-max", heatmapMax, Number.MAX_VALUE);
  if (heatmapMax !== undefined && flags.heatmaps === undefined) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "--heatmap-max has a meaning only with --heatmaps.",
    );
  }
  const inputs = await findScoreInputs(paths);
  const heatmaps = flags.heatmaps === undefined ? undefined : new HeatmapFolder(flags.heatmaps, heatmapMax);
  const write = flags.json ? writeJson : writePlain;

  await using detector = await Detector.load(model, { weights, device, precision, threads, signal });
  const decoded = readAhead(inputs, decodeOrFail, { limit: Math.min(4, availableParallelism()), signal });
  for await (const { input, image, failure } of decoded) {
    if (failure !== undefined) {
      context.markFailed();
      write(context, { image: input.path, error: { code: failure.code, message: failure.message } });
      continue;
    }
    const { score, map } = await detector.score(image, { signal });
    await heatmaps?.add(input, image, map);
    write(context, {
      image: input.path,
      score,
      ...(threshold !== undefined && { anomalous: score > threshold }),
      ...(heatmaps && { heatmap: heatmaps.pathOf(input) }),
    });
  }
  await heatmaps?.finish(signal);
}

type Decoded =
  | { input: ScoreInput; image: RawImage; failure?: undefined }
  | { input: ScoreInput; image?: undefined; failure: ReverseDistillationError };

/** One image that cannot be read must not keep the others from being scored. */
async function decodeOrFail(input: ScoreInput): Promise<Decoded> {
  try {
    return { input, image: await decodeImage(input.path) };
  } catch (error) {
    if (error instanceof ReverseDistillationError) return { input, failure: error };
    throw error;
  }
}

function writeJson(context: CommandContext, line: ScoreLine): void {
  context.print(JSON.stringify(line));
  if (line.error) context.note(line.error.message);
}

function writePlain(context: CommandContext, { image, score, anomalous, error }: ScoreLine): void {
  if (error) context.note(error.message);
  if (score === undefined) return;
  const verdict = anomalous === undefined ? [] : [anomalous ? "anomalous" : "normal"];
  context.print([score.toFixed(6), ...verdict, image].join("\t"));
}
