import { extname } from "node:path";
import { Command, Option } from "commander";
import { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { exportDefaults, exportInputs, type ExportOptions } from "../options/export.js";
import { storagePrecisions } from "../options/storage.js";
import type { CommandContext } from "./context.js";
import { numberValue } from "./option-values.js";

const formats = ["onnx", "checkpoint"] as const;

type Format = (typeof formats)[number];

interface ExportFlags extends Pick<ExportOptions, "precision" | "input" | "batch" | "externalDataThreshold"> {
  out: string;
  format?: Format;
  weights?: string;
}

/** `export <model> --out <file>` */
export function exportCommand(context: CommandContext): Command {
  const { precision, input, batch, externalDataThreshold } = exportDefaults;
  return new Command("export")
    .description(
      "write a model for other runtimes (ONNX), or as a checkpoint that the authors' Python code loads",
    )
    .argument("<model>", "the model file that train wrote")
    .requiredOption("-o, --out <file>", "the file to write: model.onnx, or checkpoint.pth")
    .addOption(
      new Option("--format <name>", "default: by the ending of the file, .onnx or .pth").choices(formats),
    )
    .option("-w, --weights <file>", "the teacher's weights, for a model that only refers to them")
    .addOption(
      new Option("--precision <name>", `of ONNX: its weights (default: ${precision})`).choices(
        storagePrecisions,
      ),
    )
    .addOption(
      new Option("--input <name>", `of ONNX: pixels, or normalised planes (default: ${input})`).choices(
        exportInputs,
      ),
    )
    .option("--batch <n>", `of ONNX: images a run, or dynamic (default: ${batch})`, batchValue)
    .option(
      "--external-data-threshold <bytes>",
      `of ONNX: the size from which on weights take a file of their own (default: ${externalDataThreshold})`,
      numberValue,
    )
    .addHelpText(
      "after",
      "\nA checkpoint holds the layout official only. `verify` compares an ONNX file with its model.",
    )
    .action((model: string, flags: ExportFlags) => runExport(context, model, flags));
}

async function runExport(
  context: CommandContext,
  model: string,
  { out, format: given, weights, ...options }: ExportFlags,
): Promise<void> {
  const { signal } = context;
  const format = given ?? formatOf(out);
  if (format === "checkpoint") requireNone(options);
  await requireWritablePlace(out);
  await using detector = await Detector.load(model, { device: "cpu", weights, signal });
  if (format === "checkpoint") {
    await detector.saveCheckpoint(out, { signal });
    context.print(`Exported ${model}; the checkpoint is ${out}`);
  } else {
    const [path, data] = await detector.export(out, { format, ...options, signal });
    const beside = data === undefined ? "" : `, with its weights in ${data}`;
    context.print(`Exported ${model}; the ONNX model is ${path}${beside}`);
  }
}

function formatOf(out: string): Format {
  const ending = extname(out).toLowerCase();
  if (ending === ".onnx") return "onnx";
  if (ending === ".pth" || ending === ".pt") return "checkpoint";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The ending of ${out} does not tell the format: name a file .onnx or .pth, or give --format onnx or checkpoint.`,
  );
}

/** Options of ONNX must not be passed over. */
function requireNone(options: object): void {
  const [name] = Object.keys(options);
  if (name === undefined) return;
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new ReverseDistillationError("INVALID_ARGUMENT", `${flag} has a meaning only with the format onnx.`);
}

function batchValue(text: string): number | "dynamic" {
  return text === "dynamic" ? text : numberValue(text);
}
