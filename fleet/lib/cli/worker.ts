import { Command, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { FleetWorker } from "../worker/fleet-worker.js";
import { numberSettings, workerDefaults, type WorkerSettings } from "../worker/settings.js";
import { addAddress, runCommand, type CommandContext } from "./context.js";

const logLevels = ["fatal", "error", "warn", "info", "debug", "silent"];

/**
 * Runs `worker` until it is told to end.
 *
 * @param args What follows `worker`.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for arguments that are not allowed; whatever `FleetWorker.start` does.
 */
export function runWorker(args: readonly string[], context: CommandContext): Promise<void> {
  return runCommand(workerCommand(context), "worker", args);
}

/** `worker`: its flags. */
export function workerCommand({ signal }: Pick<CommandContext, "signal">): Command {
  const command = addAddress(new Command("reverse-distillation worker"))
    .description("take jobs of a fleet from a queue in Redis, and write their results into a store")
    .option("--device <device>", "where models compute: auto, cpu, cuda:0", workerDefaults.device)
    .option(
      "--scratch <folder>",
      "a folder on this machine for the files of running jobs",
      workerDefaults.scratch,
    )
    .addOption(new Option("--log-level <level>", "how much is logged").choices(logLevels).default("info"))
    .action(async ({ logLevel, ...settings }: WorkerSettings & { logLevel: string }) => {
      const worker = await FleetWorker.start(settings, pino({ level: logLevel }));
      if (!signal.aborted)
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      await worker.close();
    });
  for (const [name, { placeholder, help, default: value }] of Object.entries(numberSettings))
    command.addOption(
      new Option(`${flagName(name)} ${placeholder}`, help).default(value).argParser(wholeNumber),
    );
  return command;
}

/** "perProduct" on the command line: "--per-product". */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** @throws InvalidArgumentError for a text that is not a whole number. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is not a whole number.");
}
