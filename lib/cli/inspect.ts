import { stat } from "node:fs/promises";
import { Command } from "commander";
import { ModelFile } from "../model-file/file.js";
import type { ModelMetadata } from "../model-file/metadata.js";
import type { CommandContext } from "./context.js";
import { duration } from "./progress.js";

/** What `inspect --json` writes. */
interface Inspection extends Omit<ModelMetadata, "modelText"> {
  file: string;
  bytes: number;
  /** Of each type of elements: tensors and their elements. */
  tensors: Record<string, { count: number; elements: number }>;
}

/** `inspect <model>` */
export function inspectCommand(context: CommandContext): Command {
  return new Command("inspect")
    .description("check a model file, and print what it says of itself: what it computes, how it was trained")
    .argument("<model>", "the model file that train wrote")
    .option("--json", "write all of it as a JSON object")
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

/** The model is in the metadata twice: as an object, and as the text that is hashed. */
function described({ version, createdBy, model, training, teacherIncluded, hashes }: ModelMetadata) {
  return { version, createdBy, model, training, teacherIncluded, hashes };
}

function describe({ model, training, tensors, hashes, ...file }: Inspection): string {
  const rows: [name: string, value: string][] = [
    ["file", `${file.file}, ${(file.bytes / 1e6).toFixed(1)} MB`],
    ["format", `version ${file.version}, written by ${file.createdBy}`],
    ["model", `${model.backbone}, layout ${model.layout}`],
    [
      "images",
      `${model.imageSize.join(" x ")} pixels (height x width), normalisation ${model.normalisation}`,
    ],
    ["maps", `layers ${model.layers.join(", ")}, ${model.combine}, sigma ${model.sigma}`],
    ...describeTraining(training),
    ["teacher", file.teacherIncluded ? "in the file" : "not in the file: to be given as weights"],
    [
      "tensors",
      Object.entries(tensors)
        .map(([dtype, { count, elements }]) => `${count} of ${dtype} (${elements})`)
        .join(", "),
    ],
    ["hashes", hashes === null ? "none: the file is of version 1" : "those of the content agree"],
    ...(hashes === null
      ? []
      : ([
          ["teacher_sha256", hashes.teacher],
          ["model_sha256", hashes.model],
        ] as [string, string][])),
  ];
  return rows.map(([name, value]) => `${name.padEnd(14)}  ${value}`).join("\n");
}

function describeTraining(training: Inspection["training"]): [name: string, value: string][] {
  if (training === null) return [["training", "not known: it came from a checkpoint"]];
  const { images, epochs, batchSize, learningRate, loss, seed, teacherWeights, run } = training;
  const settings = `${epochs} epochs of ${images} images in batches of ${batchSize}`;
  const rows: [name: string, value: string][] = [
    ["training", `${settings}, loss ${loss}, learning rate ${learningRate}, seed ${seed}`],
    ["weights", teacherWeights ?? "none: the teacher is random"],
  ];
  if (run === null) return rows;
  return [
    ...rows,
    [
      "trained",
      `${run.date} in ${duration(run.seconds)} on ${run.device} in ${run.precision}, package ${run.package}, LibTorch ${run.libtorch}`,
    ],
    ["losses", run.losses.map((value) => value.toFixed(4)).join(" ")],
    ["images_sha256", run.imagesSha256],
  ];
}
