import { Command } from "commander";
import { Detector } from "../detector/detector.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import { requireSeparate } from "../files/outputs.js";
import { checkpointOptions } from "../options/checkpoint.js";
import { omitOptions } from "../options/option.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { interestInputs, weightsInputs } from "./inputs.js";
import { downloadProgress } from "./progress.js";

// An import computes nothing, so it does not need the options for where and how to compute.
const importOptions = omitOptions(checkpointOptions, "device", "precision", "threads");

interface ImportFlags extends Flags<typeof importOptions> {
  out: string;
}

/** `import <checkpoint> --backbone <name> --weights <file> --out <file>` */
export function importCommand(context: CommandContext): Command {
  const command = new Command("import")
    .description("make a model file from a checkpoint of the authors' Python code")
    .argument("<checkpoint>", 'a .pth file that contains {"bn", "decoder"}')
    .requiredOption("-o, --out <file>", "the model file to write, such as model.safetensors")
    .action((checkpoint: string, flags: ImportFlags) => runImport(context, checkpoint, flags));
  return addFlags(command, importOptions);
}

async function runImport(
  context: CommandContext,
  checkpoint: string,
  { out, ...options }: ImportFlags,
): Promise<void> {
  const { signal } = context;
  await requireWritablePlace(out);
  await requireSeparate(
    [{ name: "the model", path: out }],
    [
      { name: "the checkpoint", path: checkpoint },
      ...weightsInputs(options.weights),
      ...interestInputs(options.roi),
    ],
  );
  const progress = downloadProgress(context);
  try {
    await using detector = await Detector.fromCheckpoint(checkpoint, {
      ...options,
      device: "cpu",
      signal,
      onProgress: ({ bytes, total }) => progress.report(bytes, total),
    });
    progress.stop();
    await detector.save(out, { signal });
    context.print(`Imported ${checkpoint}; the model is in ${out}`);
  } finally {
    progress.stop();
  }
}
