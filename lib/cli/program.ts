import { Command } from "commander";
import { version } from "../version.js";
import type { CommandContext } from "./context.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { exportCommand } from "./export.js";
import { importCommand } from "./import.js";
import { inspectCommand } from "./inspect.js";
import { libtorchCommand } from "./libtorch.js";
import { sampleCommand } from "./sample.js";
import { scoreCommand } from "./score.js";
import { trainCommand } from "./train.js";
import { verifyCommand } from "./verify.js";
import { weightsCommand } from "./weights.js";

/** Each command is a file of its own beside this one. */
const commands = [
  trainCommand,
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

/** The command line as commander knows it. What is wrong with it is thrown, not exited on. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("reverse-distillation")
    .description(
      "Visual anomaly detection by reverse distillation: learns from images of normal parts alone.",
    )
    .version(version, "-V, --version", "print the version")
    .option("--verbose", "print the stack of an error, and what caused it")
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 not understood or not allowed, 130 interrupted.")
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help says what there is)");
  for (const create of commands) program.addCommand(create(context));
  const nested = program.commands.flatMap((command) => command.commands);
  for (const command of [program, ...program.commands, ...nested]) {
    command.exitOverride().configureOutput(program.configureOutput());
    command.copyInheritedSettings(program);
  }
  return program;
}
