import { Command } from "commander";
import { generateSample } from "../sample/index.js";
import { sampleOptions } from "../sample/options.js";
import type { CommandContext } from "./context.js";
import { addFlags, type Flags } from "./flags.js";
import { showProgress } from "./progress.js";

type SampleFlags = Flags<typeof sampleOptions>;

/** `sample <folder>` */
export function sampleCommand(context: CommandContext): Command {
  const command = new Command("sample")
    .description("draw a data set of good and defective textured parts, to try the other commands on")
    .argument("<folder>", "the folder to create")
    .action((folder: string, flags: SampleFlags) => runSample(context, folder, flags));
  return addFlags(command, sampleOptions);
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
