import { stat } from "node:fs/promises";
import { Command } from "commander";
import { calibrationOf, type Calibration } from "../calibration/calibration.js";
import type { Thresholds } from "../calibration/thresholds.js";
import { counted } from "../errors/counted.js";
import { printable } from "../files/system-path.js";
import { ModelFile } from "../model-file/file.js";
import type { ModelMetadata } from "../model-file/metadata.js";
import { modelOptions } from "../options/model.js";
import type { Declarations, StoredOptions } from "../options/option.js";
import { trainingOptions } from "../options/training.js";
import type { CommandContext } from "./context.js";
import { duration } from "./progress.js";
import { describeThreshold } from "./thresholds.js";

/** What `inspect --json` prints. */
interface Inspection extends Omit<ModelMetadata, "modelText" | "trained" | "calibration"> {
  calibration: Calibration | null;
  file: string;
  bytes: number;
  /** Number of tensors and elements by dtype. */
  tensors: Record<string, { count: number; elements: number }>;
}

/** `inspect <model>` */
export function inspectCommand(context: CommandContext): Command {
  return new Command("inspect")
    .description("check a model file and print what it computes and how it was trained")
    .argument("<model>", "the model file that train wrote")
    .option("--json", "print everything as one JSON object")
    .action((model: string, { json }: { json?: boolean }) => runInspect(context, model, json ?? false));
}

async function runInspect(context: CommandContext, path: string, json: boolean): Promise<void> {
  const inspection = await inspect(path);
  context.print(json ? JSON.stringify(inspection, null, 2) : describe(inspection));
}

async function inspect(path: string): Promise<Inspection> {
  const file = await ModelFile.open(path);
  try {
    await file.check();
    const tensors: Inspection["tensors"] = {};
    for (const { dtype, shape } of file.stored.values()) {
      const entry = (tensors[dtype] ??= { count: 0, elements: 0 });
      entry.count += 1;
      entry.elements += shape.reduce((product, size) => product * size, 1);
    }
    return { file: path, bytes: (await stat(path)).size, ...described(file.metadata), tensors };
  } finally {
    await file.close();
  }
}

/** The metadata without `modelText`, which repeats `model`, and without the digests of the images. */
function described(metadata: ModelMetadata) {
  const { version, createdBy, model, training, thresholds, quantisation, teacherIncluded, hashes } = metadata;
  const calibration = metadata.calibration === undefined ? null : calibrationOf(metadata.calibration);
  return {
    ...{ version, createdBy, model, training, calibration, thresholds },
    ...{ quantisation, teacherIncluded, hashes },
  };
}

function describe({
  model,
  training,
  calibration,
  thresholds,
  quantisation,
  tensors,
  hashes,
  ...file
}: Inspection): string {
  const rows: Row[] = [
    ["file", `${file.file}, ${(file.bytes / 1e6).toFixed(1)} MB`],
    ["format", `version ${file.version}, written by ${file.createdBy}`],
    ...optionRows(modelOptions, model),
    ...trainingRows(training),
    ...thresholdRows(calibration, thresholds),
    ["8 bits", quantisation ? `quantised with ${counted(quantisation.images, "image")}` : "not quantised"],
    ["teacher", file.teacherIncluded ? "in the file" : "not in the file: pass its weights when you load it"],
    [
      "tensors",
      Object.entries(tensors)
        .map(([dtype, { count, elements }]) => `${count} of type ${dtype} (${elements} elements)`)
        .join(", "),
    ],
  ];
  if (hashes === null) rows.push(["hashes", "none: the file has version 1"]);
  else
    rows.push(
      ["hashes", "the content matches"],
      ["teacher_sha256", hashes.teacher],
      ["model_sha256", hashes.model],
    );
  return rows.map(([name, value]) => `${name.padEnd(14)}  ${printable(value)}`).join("\n");
}

type Row = [name: string, value: string];

/** One row per option: its name in words, and its value with the unit. */
function optionRows<D extends Declarations>(declarations: D, values: StoredOptions<D>): Row[] {
  return Object.entries(declarations).map(([name, { kind, stored, unit }]) => {
    const text = (stored ?? kind).format((values as Record<string, unknown>)[name]);
    return [inWords(name), unit === undefined ? text : `${text} ${unit}`];
  });
}

/** Converts "learningRate" to "learning rate". */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function thresholdRows(calibration: Calibration | null, byHand: Thresholds | undefined): Row[] {
  const rows: Row[] = [];
  if (byHand !== undefined) {
    const { reject, review, outline } = byHand;
    rows.push([
      "thresholds",
      `set by hand: reject from ${reject}, review from ${review}, outline ${outline}`,
    ]);
  }
  if (calibration === null) return byHand ? rows : [["thresholds", "none: calibrate the model"]];
  return [
    ...rows,
    ["reject", describeThreshold(calibration.reject)],
    ["review", describeThreshold(calibration.review)],
    ["outline", `from ${calibration.outline.toPrecision(6)}, in maps`],
  ];
}

function trainingRows(training: Inspection["training"]): Row[] {
  if (training === null) return [["training", "unknown: the model came from a checkpoint"]];
  const { images, teacherWeights, run, ...settings } = training;
  const rows: Row[] = [
    ["images", String(images)],
    ...optionRows(trainingOptions, settings),
    ["weights", teacherWeights ?? "none: the teacher is random"],
  ];
  if (run === null) return rows;
  const { device, precision, package: version, libtorch } = run;
  return [
    ...rows,
    ["trained", `${run.date} in ${duration(run.seconds)} on ${device} in ${precision}`],
    ["versions", `reverse-distillation ${version}, LibTorch ${libtorch}`],
    ["losses", run.losses.map((value) => value.toFixed(4)).join(" ")],
    ["images_sha256", run.imagesSha256],
  ];
}
