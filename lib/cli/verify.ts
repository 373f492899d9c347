import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { counted } from "../errors/counted.js";
import { positive } from "../errors/validate.js";
import type { ImageInput } from "../image/decode.js";
import { ModelFile } from "../model-file/file.js";
import { verificationImages } from "../verify/images.js";
import { verifyExport, type Verification } from "../verify/verify.js";
import { modelLimitOptions, referredWeightsOptions } from "../options/load.js";
import type { CommandContext } from "./context.js";
import { addFlags, numberValue, type Flags } from "./flags.js";
import { findScoreInputs } from "./score-inputs.js";

interface VerifyFlags extends Flags<typeof loadingOptions> {
  tolerance?: number;
  json?: boolean;
}

const loadingOptions = { ...referredWeightsOptions, ...modelLimitOptions };

/** The number of generated images if none are given. */
const generated = 8;

/** `verify <model> <export> [images or folders...]` */
export function verifyCommand(context: CommandContext): Command {
  const command = new Command("verify")
    .description("score the same images with a model and its ONNX export, and print the largest difference")
    .argument("<model>", "the model file that was exported")
    .argument("<export>", "the ONNX file")
    .argument("[images...]", `images or folders of images (default: ${generated} images of random colours)`)
    .option(
      "--tolerance <value>",
      "largest allowed difference in maps and scores (default: 1e-4, or 1e-2 for float16)",
      numberValue,
    )
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      "\nNeeds the package onnxruntime-node. The exit code is 1 if the difference exceeds the tolerance.",
    )
    .action((model: string, exported: string, images: string[], flags: VerifyFlags) =>
      runVerify(context, model, exported, images, flags),
    );
  return addFlags(command, loadingOptions);
}

async function runVerify(
  context: CommandContext,
  model: string,
  exported: string,
  paths: string[],
  { tolerance, json, ...loading }: VerifyFlags,
): Promise<void> {
  const { signal } = context;
  if (tolerance !== undefined) positive("tolerance", tolerance, Number.MAX_VALUE);
  const given = paths.length === 0 ? undefined : await findScoreInputs(paths);
  const failed = given?.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw failed.failure!;
  const expectedHash = await hashOf(model);
  await using detector = await Detector.load(model, { device: "cpu", ...loading, signal });
  const images: Iterable<ImageInput> =
    given?.map(({ path }) => path) ?? verificationImages(detector.config.imageSize, generated);
  const found = await verifyExport(detector, exported, images, { tolerance, signal });
  const sameModel = expectedHash === undefined ? undefined : found.modelSha256 === expectedHash;

  if (!found.agrees) context.markFailed();
  context.print(json ? JSON.stringify({ ...found, sameModel }) : describe(found));
  if (sameModel === false) {
    context.note(
      `warning: ${exported} states that it was exported from a different model: ${found.modelSha256}`,
    );
  }
}

/** The model's hash; undefined for files of version 1, which do not state it. */
async function hashOf(path: string): Promise<string | undefined> {
  const file = await ModelFile.open(path);
  await file.close();
  return file.metadata.hashes?.model;
}

function describe(found: Verification): string {
  const { images, mapDifference, scoreDifference, wrongVerdicts, tolerance } = found;
  const values = `maps ${mapDifference.toExponential(1)}, scores ${scoreDifference.toExponential(1)}`;
  const verdict = Math.max(mapDifference, scoreDifference) <= tolerance ? "within" : "not within";
  const wrong = wrongVerdicts === 0 ? "" : `; ${counted(wrongVerdicts, "wrong verdict")}`;
  return `Largest difference on ${images} images: ${values}; ${verdict} the tolerance of ${tolerance}${wrong}`;
}
