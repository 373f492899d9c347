import { Argument, Command } from "commander";
import { backbones, type Backbone } from "../options/model.js";
import { publishedWeights } from "../teacher/published/catalogue.js";
import { obtainImagenetWeights, weightsStatus } from "../teacher/published/obtain.js";
import type { CommandContext } from "./context.js";
import { downloadProgress } from "./progress.js";

/** `weights get <backbone>` and `weights list` */
export function weightsCommand(context: CommandContext): Command {
  const get = new Command("get")
    .description("download a backbone's weights, unless they are cached, and print their path")
    .addArgument(new Argument("<backbone>", "the teacher's architecture").choices(backbones))
    .action((backbone: Backbone) => runGet(context, backbone));
  const list = new Command("list")
    .description("list the published weights and show which are on this machine")
    .option("--json", "print one JSON object per line")
    .action((flags: { json?: boolean }) => runList(context, flags));
  const command = new Command("weights")
    .description("download or list torchvision's ImageNet weights for the teacher (IMAGENET1K_V1)")
    .addHelpText(
      "after",
      "\nDownloads are kept in $REVERSE_DISTILLATION_CACHE (default: ~/.cache/reverse-distillation).\n" +
        "Set REVERSE_DISTILLATION_OFFLINE=1 to keep every command off the network, or\n" +
        "REVERSE_DISTILLATION_WEIGHTS_URL to download from another server.",
    );
  for (const each of [get, list]) command.addCommand(each);
  return command;
}

async function runGet(context: CommandContext, backbone: Backbone): Promise<void> {
  const { signal } = context;
  const progress = downloadProgress(context);
  try {
    const path = await obtainImagenetWeights(backbone, { signal, onProgress: progress.report });
    progress.stop();
    context.print(path);
  } finally {
    progress.stop();
  }
}

async function runList(context: CommandContext, { json }: { json?: boolean }): Promise<void> {
  for (const published of backbones.map(publishedWeights)) {
    const status = await weightsStatus(published, process.env, context.signal);
    const { backbone, mebibytes, state, path, url } = status;
    context.print(
      json
        ? JSON.stringify(status)
        : [backbone, `${mebibytes} MiB`, state, state === "absent" ? url : path].join("\t"),
    );
  }
}
