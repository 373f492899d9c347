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
    .description("draw a data set of textured parts, good and defective, to try the others with")
    .argument("<folder>", "the folder to make")
    .option("--seed <n>", "decides everything that varies (default: 0)", numberValue)
    .option("--size <pixels>", "height and width of the images (default: 256)", numberValue)
    .option("--train <n>", "good parts to train on (default: 80)", numberValue)
    .option("--test-good <n>", "good parts to test on (default: 24)", numberValue)
    .option("--test-per-defect <n>", "parts to test on with each kind of defect (default: 8)", numberValue)
    .option("--textures <list>", "textures, separated by commas (default: all)", listValue)
    .option("--defects <list>", "kinds of defect, separated by commas (default: all)", listValue)
    .option("--overwrite", "replace a sample that was drawn there with other options")
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
    const done = sample.reused ? "was there already" : "is drawn";
    context.print(
      `The sample ${sample.folder} ${done}: ${sample.train} images to train on, ${sample.test} to test on`,
    );
  } finally {
    progress.stop();
  }
}
