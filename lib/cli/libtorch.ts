import { Command, Option } from "commander";
import { libtorchCacheDirectory } from "../files/cache.js";
import { installLibTorch } from "../native/libtorch/install.js";
import {
  binariesIfAny,
  listLibTorch,
  recommendedBackend,
  removeLibTorch,
  type ListedLibTorch,
} from "../native/libtorch/list.js";
import { cachedVersions } from "../native/libtorch/search.js";
import { nvidiaDriver } from "../native/nvidia.js";
import type { CommandContext } from "./context.js";

interface InstallFlags {
  cpu?: boolean;
  cuda?: boolean;
  dir?: string;
  from?: string[];
  sha256?: string;
}

/** `libtorch install`, `libtorch list` and `libtorch remove` */
export function libtorchCommand(context: CommandContext): Command {
  const install = new Command("install")
    .description("install the LibTorch that this package is built for, using pip, and print its folder")
    .addOption(new Option("--cpu", "the CPU build").conflicts(["cuda", "from"]))
    .addOption(new Option("--cuda", "the CUDA 13 build, with NVIDIA's libraries (2.5 GB)").conflicts("from"))
    .option("--dir <folder>", "where to install it (default: the cache, where it is found automatically)")
    .option(
      "--from <files...>",
      "unpack these wheels, or this LibTorch archive, or those in a folder, instead of downloading",
    )
    .option("--sha256 <digits>", "the expected SHA-256 of the only file in --from")
    .addHelpText(
      "after",
      "\nWithout --cpu or --cuda: the CUDA build if there is a GPU with a suitable driver, otherwise the CPU build.",
    )
    .action((flags: InstallFlags) => runInstall(context, flags));
  const list = new Command("list")
    .description("list every LibTorch on this machine, whether it is compatible, and which one is used")
    .option("--json", "print one JSON object per line")
    .action((flags: { json?: boolean }) => runList(context, flags));
  const remove = new Command("remove")
    .description("remove LibTorch from the cache")
    .argument("[versions...]", "as printed by `libtorch list`, such as 2.13.0+cpu")
    .option("--all", "remove all versions")
    .action((versions: string[], flags: { all?: boolean }, command: Command) =>
      runRemove(context, versions, flags, command),
    );
  const command = new Command("libtorch")
    .description("install, list or remove LibTorch, the PyTorch library that runs the networks")
    .addHelpText(
      "after",
      "\nLibTorch is searched for in $LIBTORCH, then in the npm package reverse-distillation-libtorch, then in\n" +
        "$REVERSE_DISTILLATION_CACHE/libtorch (default: ~/.cache/reverse-distillation/libtorch), then in the package\n" +
        "torch of the Python on the PATH. A CUDA build in the cache comes before the npm package if a GPU can use it.",
    );
  for (const each of [install, list, remove]) command.addCommand(each);
  return command;
}

async function runInstall(context: CommandContext, flags: InstallFlags): Promise<void> {
  const binaries = binariesIfAny();
  const chosen = flags.cuda === true ? "cuda" : flags.cpu === true ? "cpu" : undefined;
  const { directory, version, backend, minor, reused } = await installLibTorch({
    backend: chosen ?? recommendedBackend(binaries, nvidiaDriver()),
    directory: flags.dir,
    from: flags.from,
    sha256: flags.sha256,
    report: (line) => context.note(line),
    signal: context.signal,
  });
  context.note(reused ? `LibTorch ${version} is already installed` : `Installed LibTorch ${version}`);
  context.print(directory);
  if (flags.dir !== undefined) context.note("To use it, set the variable LIBTORCH to this folder.");
  const fits =
    binaries?.implementations.some((each) => each.backend === backend && each.minor === minor) === true;
  if (!fits)
    context.note(
      "This package has no binary for it. Run `npm rebuild reverse-distillation` to build one" +
        `${backend === "cuda" ? " (needs CUDA's compiler, nvcc)" : ""}.`,
    );
}

async function runList(context: CommandContext, { json }: { json?: boolean }): Promise<void> {
  for (const listed of await listLibTorch(binariesIfAny())) {
    if (json) context.print(JSON.stringify(listed));
    else if (listed.state !== "absent") context.print(describe(listed));
  }
}

/** Formats the version, the state and the folder as columns. */
function describe({ version, state, place, reason }: ListedLibTorch): string {
  const states = { used: "used", fits: "compatible", misfit: "incompatible", absent: "absent" };
  return [version ?? "unknown", states[state], place, ...(reason === undefined ? [] : [reason])].join("\t");
}

async function runRemove(
  context: CommandContext,
  versions: string[],
  { all }: { all?: boolean },
  command: Command,
): Promise<void> {
  if ((versions.length === 0) === (all !== true))
    command.error("error: name the versions to remove, or use --all", { exitCode: 2 });
  for (const version of all ? cachedVersions(libtorchCacheDirectory()) : versions)
    context.print(await removeLibTorch(version));
}
