import { Command } from "commander";
import { version } from "../version.js";
import type { CommandContext } from "./context.js";
import { calibrateCommand } from "./calibrate.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { importCommand } from "./import.js";
import { inspectCommand } from "./inspect.js";
import { libtorchCommand } from "./libtorch.js";
import { commandElsewhere, commandsElsewhere } from "./other-package.js";
import { quantiseCommand } from "./quantise.js";
import { sampleCommand } from "./sample.js";
import { scoreCommand } from "./score.js";
import { trainCommand } from "./train.js";
import { verifyCommand } from "./verify.js";
import { weightsCommand } from "./weights.js";

/** The commands of this package. Each has its own file in this folder. */
const commands = [
  trainCommand,
  calibrateCommand,
  quantiseCommand,
  scoreCommand,
  evaluateCommand,
  sampleCommand,
  weightsCommand,
  importCommand,
  exportCommand,
  libtorchCommand,
  doctorCommand,
  verifyCommand,
  inspectCommand,
];

/** Builds the command line. Invalid usage throws; commander does not exit the process. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("reverse-distillation")
    .description("Visual anomaly detection by reverse distillation, trained on images of good parts only.")
    .version(version, "-V, --version", "print the version")
    .option("--verbose", "print the stack trace and the cause of an error")
    .addHelpText(
      "after",
      "\nExit codes: 0 success, 1 failure, 2 invalid usage, 3 rejected parts (score --fail-on-reject), 130 interrupted.",
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(use --help for usage)");
  for (const create of commands) program.addCommand(create(context));
  for (const elsewhere of commandsElsewhere) program.addCommand(commandElsewhere(context, elsewhere));
  const nested = program.commands.flatMap((command) => command.commands);
  for (const command of [program, ...program.commands, ...nested]) {
    command.exitOverride().configureOutput(program.configureOutput());
    command.copyInheritedSettings(program);
  }
  // The other packages know the help of their commands.
  for (const { name } of commandsElsewhere)
    program.commands.find((command) => command.name() === name)!.helpOption(false);
  return program;
}
