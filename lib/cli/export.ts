import { extname } from "node:path";
import { Command, Option } from "commander";
import { Detector } from "../detector/detector.js";
import { ReverseDistillationError } from "../errors/error.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { exportOptions } from "../options/export.js";
import { modelLimitOptions, referredWeightsOptions } from "../options/load.js";
import { omitOptions } from "../options/option.js";
import type { CommandContext } from "./context.js";
import { addFlags, flagName, type Flags } from "./flags.js";
import { weightsInputs } from "./inputs.js";

const formats = ["onnx", "checkpoint"] as const;

type Format = (typeof formats)[number];

const onnxOptions = omitOptions(exportOptions, "format");
const loadingOptions = { ...referredWeightsOptions, ...modelLimitOptions };

interface ExportFlags extends Flags<typeof onnxOptions>, Flags<typeof loadingOptions> {
  out: string;
  format?: Format;
}

/** `export <model> --out <file>` */
export function exportCommand(context: CommandContext): Command {
  const command = new Command("export")
    .description("export a model as ONNX for other runtimes, or as a checkpoint for the authors' Python code")
    .argument("<model>", "the model file that train wrote")
    .requiredOption("-o, --out <file>", "the file to write, such as model.onnx or checkpoint.pth")
    .addOption(
      new Option(
        "--format <name>",
        "the format (default: chosen by the file extension, .onnx or .pth)",
      ).choices(formats),
    )
    .addHelpText(
      "after",
      "\nOnly models with the layout official can be exported as checkpoints. `verify` compares an ONNX file\nwith its model.",
    )
    .action((model: string, flags: ExportFlags) => runExport(context, model, flags));
  return addFlags(command, { ...loadingOptions, ...onnxOptions });
}

async function runExport(
  context: CommandContext,
  model: string,
  { out, format: given, weights, maxImageSize, maxSigma, ...options }: ExportFlags,
): Promise<void> {
  const { signal } = context;
  const format = given ?? formatOf(out);
  if (format === "checkpoint") requireNone(options);
  await requireWritablePlace(out);
  await requireSeparate(
    [{ name: "the export", path: out }],
    [{ name: "the model", path: model }, ...weightsInputs(weights)],
  );
  await using detector = await Detector.load(model, {
    device: "cpu",
    weights,
    maxImageSize,
    maxSigma,
    signal,
  });
  if (format === "checkpoint") {
    await detector.saveCheckpoint(out, { signal });
    context.print(`Exported ${model}; the checkpoint is in ${out}`);
  } else {
    const [path, data] = await detector.export(out, { format, ...options, signal });
    const beside = data === undefined ? "" : `, its weights in ${data}`;
    context.print(`Exported ${model}; the ONNX model is in ${path}${beside}`);
  }
}

function formatOf(out: string): Format {
  const ending = extname(out).toLowerCase();
  if (ending === ".onnx") return "onnx";
  if (ending === ".pth" || ending === ".pt") return "checkpoint";
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `The extension of ${out} does not say which format to write: use .onnx or .pth, or pass --format onnx or ` +
      "--format checkpoint.",
  );
}

/** Rejects options that only apply to ONNX, instead of ignoring them silently. */
function requireNone(options: object): void {
  const [name] = Object.keys(options);
  if (name === undefined) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `${flagName(name)} is only valid with the format onnx.`,
  );
}
