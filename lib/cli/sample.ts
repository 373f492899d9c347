import { Command } from "commander";
import { generateSample, type DefectName, type TextureName } from "../sample/index.js";
import type { CommandContext } from "./context.js";
import { listValue, numberValue } from "./option-values.js";
import { showProgress } from "./progress.js";

interface SampleFlags {
  seed?: number;
  size?: number;
  train?: number;
  testGood?: number;
  testPerDefect?: number;
  textures?: TextureName[];
  defects?: DefectName[];
  overwrite?: boolean;
}

/** `sample <folder>` */
export function sampleCommand(context: CommandContext): Command {
  return new Command("sample")
    .description("draw a data set of good and defective textured parts, to try the other commands on")
    .argument("<folder>", "the folder to create")
    .option("--seed <n>", "seed for everything random (default: 0)", numberValue)
    .option("--size <pixels>", "height and width of the images (default: 256)", numberValue)
    .option("--train <n>", "number of good parts for training (default: 80)", numberValue)
    .option("--test-good <n>", "number of good parts for testing (default: 24)", numberValue)
    .option(
      "--test-per-defect <n>",
      "number of parts for testing with each kind of defect (default: 8)",
      numberValue,
    )
    .option("--textures <list>", "textures, separated by commas (default: all)", listValue)
    .option("--defects <list>", "kinds of defect, separated by commas (default: all)", listValue)
    .option("--overwrite", "replace a sample that was drawn with other options")
    .action((folder: string, flags: SampleFlags) => runSample(context, folder, flags));
}

async function runSample(context: CommandContext, folder: string, flags: SampleFlags): Promise<void> {
  const progress = showProgress(context, "Drawing", "images", 50);
  try {
    const sample = await generateSample(folder, {
      ...flags,
      signal: context.signal,
      onProgress: ({ done, total }) => progress.update(done, total, ""),
    });
    progress.stop();
    const done = sample.reused ? "Found the sample in" : "Drew the sample in";
    context.print(`${done} ${sample.folder}: ${sample.train} training images, ${sample.test} test images`);
  } finally {
    progress.stop();
  }
}
