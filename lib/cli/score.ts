import { Command } from "commander";
import { notCalibrated } from "../calibration/not-calibrated.js";
import type { Verdict } from "../calibration/thresholds.js";
import { Detector } from "../detector/detector.js";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { positive } from "../errors/validate.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { printable } from "../files/system-path.js";
import { decodeInTurn, decoders } from "../image/decode-in-turn.js";
import type { DecodeOptions } from "../image/decode.js";
import type { RawImage } from "../image/raw-image.js";
import { readAhead } from "../image/read-ahead.js";
import { imageOptions } from "../options/images.js";
import { loadOptions } from "../options/load.js";
import { outlinesOf, type Region } from "../image/region.js";
import type { CommandContext } from "./context.js";
import { addFlags, numberValue, type Flags } from "./flags.js";
import { HeatmapFolder } from "./heatmap-folder.js";
import { weightsInputs } from "./inputs.js";
import { findScoreInputs, type ScoreInput } from "./score-inputs.js";
import { ScorePage } from "./score-page.js";

interface ScoreFlags extends Flags<typeof loadOptions>, Flags<typeof imageOptions> {
  json?: boolean;
  threshold?: number;
  verdict?: boolean;
  failOnReject?: boolean;
  regions?: boolean;
  heatmaps?: string;
  heatmapMax?: number;
  report?: string;
}

/** The result for one image, as `--json` prints it. */
interface ScoreLine {
  image: string;
  score?: number;
  anomalous?: boolean;
  verdict?: Verdict;
  pValue?: number;
  regions?: Region[];
  heatmap?: string;
  error?: { code: string; message: string };
}

/** `score <model> <images or folders...>` */
export function scoreCommand(context: CommandContext): Command {
  const command = new Command("score")
    .description(
      "score images with a trained detector; prints one line per image, and a higher score means more anomalous",
    )
    .argument("<model>", "the model file that train wrote")
    .argument("<images...>", "images, or folders to search for images")
    .option("--json", "print one JSON object per line")
    .option(
      "--threshold <score>",
      "mark images with a higher score as anomalous, others as normal",
      numberValue,
    )
    .option(
      "--verdict",
      "print what to do with each part, by the model's thresholds: accept, review or reject",
    )
    .option("--fail-on-reject", "exit with code 3 if a part is rejected; implies --verdict")
    .option(
      "--regions",
      "find the regions of defects by the model's thresholds: counted in lines, described in JSON, outlined in pictures",
    )
    .option("--heatmaps <folder>", "save each image with its anomaly map on top to this folder")
    .option(
      "--heatmap-max <value>",
      "map value that gets the strongest colour (default: the largest value of all maps)",
      numberValue,
    )
    .option("--report <file>", "also write a page of HTML with all pictures to this file")
    .addHelpText(
      "after",
      "\nIf an image cannot be read, the others are still scored, and the exit code is 1.",
    )
    .action((model: string, images: string[], flags: ScoreFlags) => runScore(context, model, images, flags));
  return addFlags(command, { ...loadOptions, ...imageOptions });
}

async function runScore(
  context: CommandContext,
  model: string,
  paths: string[],
  {
    json,
    heatmaps: folder,
    heatmapMax,
    threshold,
    verdict: asked,
    failOnReject,
    regions,
    ...flags
  }: ScoreFlags,
): Promise<void> {
  const { signal } = context;
  const { maxPixels, report, ...options } = flags;
  if (report !== undefined) await requireWritablePlace(report);
  if (heatmapMax !== undefined) positive("heatmap-max", heatmapMax, Number.MAX_VALUE);
  if (heatmapMax !== undefined && folder === undefined) {
    throw new ReverseDistillationError("INVALID_ARGUMENT", "--heatmap-max is only valid with --heatmaps.");
  }
  const inputs = await findScoreInputs(paths, folder);
  const heatmaps = folder === undefined ? undefined : new HeatmapFolder(folder, heatmapMax, maxPixels);
  const others = [{ name: "the model", path: model }, ...weightsInputs(options.weights)];
  await heatmaps?.requireOwnPlace(inputs, others);
  if (report !== undefined) {
    const images = inputs.map(({ path }) => ({ name: "the image", path }));
    await requireSeparate([{ name: "the report", path: report }], [...images, ...others]);
  }
  const page = report === undefined ? undefined : new ScorePage(report);
  const write = json ? writeJson : writePlain;

  await using detector = await Detector.load(model, { ...options, signal });
  const { thresholds } = detector;
  if ((asked || failOnReject || regions) && thresholds === null) throw notCalibrated(`The model ${model}`);
  const { levels } = detector.config;
  if (heatmaps !== undefined) heatmaps.levels = levels;
  if (heatmaps !== undefined && regions) heatmaps.marks = [thresholds!.outline, thresholds!.reject];
  const decode = (input: ScoreInput) => decodeOrFail(input, { levels, maxPixels, signal });
  const decoded = readAhead(inputs, decode, { limit: decoders, signal });
  for await (const { input, image, failure } of decoded) {
    if (failure !== undefined) {
      context.markFailed();
      page?.leaveOut();
      write(context, { image: input.path, error: { code: failure.code, message: failure.message } });
      continue;
    }
    const scored = await detector.score(image, { regions: regions ?? false, signal });
    const { score, map, verdict, pValue } = scored;
    if (failOnReject && verdict === "reject") context.markRejected();
    const outlines = scored.regions && outlinesOf(scored.regions);
    await heatmaps?.add(input, image, map, outlines);
    page?.add(input.path, score, map, outlines);
    write(context, {
      image: input.path,
      score,
      ...(threshold !== undefined && { anomalous: score > threshold }),
      ...((asked || failOnReject || json) && verdict !== null && { verdict }),
      ...(json && pValue !== null && { pValue }),
      ...(scored.regions && { regions: scored.regions }),
      ...(heatmaps && { heatmap: heatmaps.pathOf(input) }),
    });
  }
  await heatmaps?.finish(signal);
  await page?.write(model, detector, { maxPixels, signal });
}

type Decoded =
  | { input: ScoreInput; image: RawImage; failure?: undefined }
  | { input: ScoreInput; image?: undefined; failure: ReverseDistillationError };

/** Catches the errors of images, so that one that cannot be read does not stop the others. */
async function decodeOrFail(input: ScoreInput, options: DecodeOptions): Promise<Decoded> {
  if (input.failure !== undefined) return { input, failure: input.failure };
  try {
    return { input, image: await decodeInTurn(input.path, options) };
  } catch (error) {
    if (error instanceof ReverseDistillationError) return { input, failure: error };
    throw error;
  }
}

function writeJson(context: CommandContext, line: ScoreLine): void {
  context.print(JSON.stringify(line));
  if (line.error) context.note(printable(line.error.message));
}

function writePlain(context: CommandContext, line: ScoreLine): void {
  const { image, score, anomalous, verdict, regions, error } = line;
  if (error) context.note(printable(error.message));
  if (score === undefined) return;
  const columns = [
    anomalous === undefined ? undefined : anomalous ? "anomalous" : "normal",
    verdict,
    regions && counted(regions.length, "region"),
  ];
  context.print(
    [score.toFixed(6), ...columns.filter((each) => each !== undefined), printable(image)].join("\t"),
  );
}
