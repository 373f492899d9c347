import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { ReverseDistillationError } from "reverse-distillation";
import { roles, type Role } from "./access/roles.js";
import { addToken } from "./access/tokens.js";
import { Service } from "./service.js";
import { logLevels, numberSettings, settingDefaults, type Settings } from "./settings.js";

/** What the command line of the package passes on. */
export interface ServeContext {
  /** Aborted if the command is told to end. */
  signal: AbortSignal;
  /** Prints a line of results. */
  print: (line: string) => void;
  /** Sets the exit code to that of a failure. */
  markFailed: () => void;
}

/** `serve`: its flags and arguments. */
export function serveCommand(context: ServeContext): Command {
  const command = new Command("reverse-distillation serve")
    .description("serve a folder of models over HTTP, on this machine only unless it is told otherwise")
    .argument("<folder>", "the folder of models: <model>.safetensors or <model>@<version>.safetensors")
    .option(
      "--host <address>",
      "address to listen on; others than the loopback need --tokens",
      settingDefaults.host,
    )
    .option("--tokens <file>", "who may do what: a file that serve token writes")
    .option("--store <folder>", "keep results in this folder, and images of what was not accepted")
    .option("--station <name>", "the station of parts whose request names none")
    .option("--watch <model=folder>", "inspect the files of a folder; can be given again", collect, [])
    .option(
      "--train-on <name=folder>",
      "allow training on the images of a folder; can be given again",
      collect,
      [],
    )
    .option("--webhook <url>", "send events there; needs --webhook-secret")
    .option("--webhook-secret <file>", "a file with the secret that signs them")
    .option("--mqtt <url>", "publish events to this MQTT 5 broker, such as mqtts://user@broker")
    .option("--mqtt-topic <topic>", "what their topics start with", settingDefaults.mqttTopic)
    .option("--mqtt-password <file>", "a file with the password for the broker")
    .option("--json-lines <file>", "append events to this file")
    .option("--out-folder <folder>", "write events and images of what was not accepted into this folder")
    .option("--hook <module>", "call the function that this module exports with each event")
    .option("--device <device>", "where models compute: auto, cpu, cuda:0", settingDefaults.device)
    .addOption(
      new Option("--log-level <level>", "how much is logged")
        .choices(logLevels)
        .default(settingDefaults.logLevel),
    )
    .action(async (folder: string, flags: Omit<Settings, "folder">) => serve(context, { ...flags, folder }));
  for (const [name, { placeholder, help, default: value }] of Object.entries(numberSettings))
    command.addOption(
      new Option(`${flagName(name)} ${placeholder}`, help).default(value).argParser(wholeNumber),
    );
  return command.addCommand(tokenCommand(context));
}

/**
 * Runs `serve` until it is told to end.
 *
 * @param args What follows `serve`.
 * @throws ReverseDistillationError `INVALID_ARGUMENT` for arguments that are not allowed; whatever `Service.start` does.
 */
export async function runServe(args: readonly string[], context: ServeContext): Promise<void> {
  const command = serveCommand(context);
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help is printed and is no failure.
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, "");
    throw new ReverseDistillationError("INVALID_ARGUMENT", `${message} (use serve --help for usage)`);
  }
}

/** "maxBody" on the command line: "--max-body". */
export function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function serve({ signal, markFailed }: ServeContext, settings: Settings): Promise<void> {
  const service = await Service.start(settings, pino({ level: settings.logLevel }));
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  if (!(await service.close())) markFailed();
}

function tokenCommand({ print }: ServeContext): Command {
  return new Command("token")
    .description("make a token, print it, and add its digest to a file; the token itself is stored nowhere")
    .argument("<file>", "the file for --tokens; it is made if it does not exist")
    .requiredOption("--name <name>", "whose token it is, as the log calls it")
    .addOption(
      new Option("--role <role>", "what it may do")
        .choices(Object.keys(roles))
        .default("inspect" satisfies Role),
    )
    .action(async (file: string, { name, role }: { name: string; role: Role }) => {
      print(await addToken(file, { name, role }));
    });
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is not a whole number.");
}
