import { Argument, Command } from "commander";
import { backbones, type Backbone } from "../options/model.js";
import { publishedWeights } from "../teacher/published/catalogue.js";
import { obtainImagenetWeights, weightsStatus } from "../teacher/published/obtain.js";
import type { CommandContext } from "./context.js";
import { downloadProgress } from "./progress.js";

/** `weights get <backbone>` and `weights list` */
export function weightsCommand(context: CommandContext): Command {
  const get = new Command("get")
    .description("download a backbone's weights, unless they are there, and print where they are")
    .addArgument(new Argument("<backbone>", "the teacher's architecture").choices(backbones))
    .action((backbone: Backbone) => runGet(context, backbone));
  const list = new Command("list")
    .description("print which weights there are, and which of them are on this machine")
    .option("--json", "write a JSON object a line")
    .action((flags: { json?: boolean }) => runList(context, flags));
  const command = new Command("weights")
    .description("ImageNet weights for the teacher, as torchvision publishes them (IMAGENET1K_V1)")
    .addHelpText(
      "after",
      "\nWhat is downloaded is kept in $REVERSE_DISTILLATION_CACHE (default: ~/.cache/reverse-distillation).\n" +
        "REVERSE_DISTILLATION_OFFLINE=1 keeps every command from the network.\n" +
        "REVERSE_DISTILLATION_WEIGHTS_URL names another server to download from.",
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
