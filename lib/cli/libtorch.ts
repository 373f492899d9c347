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
    .description("fetch the LibTorch that this package is built for, by Python's pip, and print where it is")
    .addOption(new Option("--cpu", "the build for the CPU").conflicts(["cuda", "from"]))
    .addOption(
      new Option("--cuda", "the build for CUDA 13, with NVIDIA's libraries (2.5 GB)").conflicts("from"),
    )
    .option("--dir <folder>", "where it goes (default: the cache, where it is found)")
    .option(
      "--from <files...>",
      "unpack these wheels, or a LibTorch archive, or those in a folder, instead of fetching",
    )
    .option("--sha256 <digits>", "what the one file of --from must hash to")
    .addHelpText(
      "after",
      "\nWithout --cpu or --cuda: the build for CUDA where a GPU with a driver for it is, else the other.",
    )
    .action((flags: InstallFlags) => runInstall(context, flags));
  const list = new Command("list")
    .description("print every LibTorch on this machine, whether it fits, and which one is used")
    .option("--json", "write a JSON object a line")
    .action((flags: { json?: boolean }) => runList(context, flags));
  const remove = new Command("remove")
    .description("remove LibTorch from the cache")
    .argument("[versions...]", "as `libtorch list` prints them, such as 2.13.0+cpu")
    .option("--all", "every one")
    .action((versions: string[], flags: { all?: boolean }, command: Command) =>
      runRemove(context, versions, flags, command),
    );
  const command = new Command("libtorch")
    .description("LibTorch, PyTorch's library, which computes: install, list, remove")
    .addHelpText(
      "after",
      "\nLibTorch is looked for in $LIBTORCH, then in $REVERSE_DISTILLATION_CACHE/libtorch (default:\n" +
        "~/.cache/reverse-distillation/libtorch), then in the package torch of the Python on the PATH.",
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
  context.note(`LibTorch ${version} ${reused ? "was there already" : "is installed"}`);
  context.print(directory);
  if (flags.dir !== undefined) context.note("To use it, set the variable LIBTORCH to this folder.");
  const fits =
    binaries?.implementations.some((each) => each.backend === backend && each.minor === minor) === true;
  if (!fits)
    context.note(
      `No binary of this package is built for it; \`npm rebuild reverse-distillation\` builds one${backend === "cuda" ? ", with CUDA's compiler, nvcc" : ""}.`,
    );
}

function runList(context: CommandContext, { json }: { json?: boolean }): void {
  for (const listed of listLibTorch(binariesIfAny())) {
    if (json) context.print(JSON.stringify(listed));
    else if (listed.state !== "absent") context.print(describe(listed));
  }
}

/** Version, state and folder, in columns. */
function describe({ version, state, place, reason }: ListedLibTorch): string {
  const columns = [version ?? "unknown", state === "misfit" ? "does not fit" : state, place];
  return [...columns, ...(reason === undefined ? [] : [reason])].join("\t");
}

async function runRemove(
  context: CommandContext,
  versions: string[],
  { all }: { all?: boolean },
  command: Command,
): Promise<void> {
  if ((versions.length === 0) === (all !== true))
    command.error("error: name the versions to remove, or give --all", { exitCode: 2 });
  for (const version of all ? cachedVersions(libtorchCacheDirectory()) : versions)
    context.print(await removeLibTorch(version));
}
