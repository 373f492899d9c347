import { Command } from "commander";
import { requireWritablePlace } from "../atomic-file.js";
import { Detector } from "../detector.js";
import type { CommandContext } from "./context.js";

/** `export <model> --out <file>` */
export function exportCommand(context: CommandContext): Command {
  return new Command("export")
    .description("write a model of the layout official as a checkpoint that the authors' Python code loads")
    .argument("<model>", "the model file that train --layout official wrote")
    .requiredOption("-o, --out <file>", "the checkpoint to write, such as checkpoint.pth")
    .action((model: string, flags: { out: string }) => runExport(context, model, flags));
}

async function runExport(context: CommandContext, model: string, { out }: { out: string }): Promise<void> {
  const { signal } = context;
  await requireWritablePlace(out);
  await using detector = await Detector.load(model, { device: "cpu", signal });
  await detector.saveCheckpoint(out, { signal });
  context.print(`Exported ${model}; the checkpoint is ${out}`);
}
