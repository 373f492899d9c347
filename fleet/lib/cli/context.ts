import { CommanderError, Option, type Command } from "commander";
import { ReverseDistillationError } from "reverse-distillation";
import { defaultQueue } from "../queue/names.js";

/** What the command line of the package passes on. */
export interface CommandContext {
  /** Aborted if the command is told to end. */
  signal: AbortSignal;
  /** Prints a line of results. */
  print: (line: string) => void;
  /** Prints a line that is no result. */
  note: (line: string) => void;
  /** Sets the exit code to that of a failure. */
  markFailed: () => void;
}

/** The flags that say where a fleet is. Each has an environment variable, so that passwords need not be arguments. */
export function addAddress(command: Command): Command {
  return command
    .addOption(
      new Option("--redis <url>", "Redis: redis://host:port, rediss:// with TLS, or the path of a socket")
        .env("REVERSE_DISTILLATION_REDIS")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--store <place>", "a folder that all machines mount, or s3://bucket/prefix")
        .env("REVERSE_DISTILLATION_STORE")
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--s3-endpoint <url>", "an S3 server that is not Amazon's").env(
        "REVERSE_DISTILLATION_S3_ENDPOINT",
      ),
    )
    .option("--queue <name>", "the name of the queue", defaultQueue);
}

/**
 * Runs a command of this package with the arguments that follow its name.
 *
 * @param name As people write it.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for arguments that are not allowed; whatever the command does.
 */
export async function runCommand(command: Command, name: string, args: readonly string[]): Promise<void> {
  for (const each of withSubcommands(command)) each.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help is printed and is no failure.
    if (error.exitCode === 0) return;
    const message = error.code === "commander.help" ? "a command is missing" : error.message;
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      `${message.replace(/^error: /, "")} (use ${name} --help for usage)`,
    );
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
