import { Command, Option } from "commander";
import { Detector } from "../detector/detector.js";
import { requireWritablePlace } from "../files/atomic-file.js";
import type { CheckpointOptions } from "../options/checkpoint.js";
import { backbones, combinations, normalisations } from "../options/model.js";
import { trainDefaults } from "../options/train.js";
import type { CommandContext } from "./context.js";
import { numberValue, numbersValue, sizeValue } from "./option-values.js";
import { downloadProgress } from "./progress.js";

interface ImportFlags extends Pick<
  CheckpointOptions,
  "backbone" | "weights" | "imageSize" | "layers" | "combine" | "sigma" | "normalisation"
> {
  out: string;
}

/** `import <checkpoint> --backbone <name> --weights <file> --out <file>` */
export function importCommand(context: CommandContext): Command {
  const option = (flags: string, description: string, name: keyof typeof trainDefaults) =>
    new Option(flags, description).default(trainDefaults[name], String(trainDefaults[name]));
  return new Command("import")
    .description("make a model file from a checkpoint of the authors' Python code")
    .argument("<checkpoint>", 'a .pth file that holds {"bn", "decoder"}')
    .requiredOption("-o, --out <file>", "the model file to write, such as model.safetensors")
    .addOption(
      new Option("--backbone <name>", "the teacher's architecture").choices(backbones).makeOptionMandatory(),
    )
    .requiredOption(
      "-w, --weights <file>",
      "the teacher's weights: a .pth or safetensors file, or \"imagenet\" for torchvision's",
    )
    .addOption(
      option("--image-size <pixels>", "a side, or HEIGHTxWIDTH; multiples of 32", "imageSize").argParser(
        sizeValue,
      ),
    )
    .addOption(option("--layers <list>", "scales that count", "layers").argParser(numbersValue))
    .addOption(option("--combine <name>", "how the scales' maps become one", "combine").choices(combinations))
    .addOption(option("--sigma <pixels>", "of the map's smoothing", "sigma").argParser(numberValue))
    .addOption(
      option("--normalisation <name>", "of the pixels, as the weights expect", "normalisation").choices(
        normalisations,
      ),
    )
    .action((checkpoint: string, flags: ImportFlags) => runImport(context, checkpoint, flags));
}

async function runImport(
  context: CommandContext,
  checkpoint: string,
  { out, ...options }: ImportFlags,
): Promise<void> {
  const { signal } = context;
  await requireWritablePlace(out);
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
    context.print(`Imported ${checkpoint}; the model is ${out}`);
  } finally {
    progress.stop();
  }
}
