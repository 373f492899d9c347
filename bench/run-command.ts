import type { Command } from "commander";
import { messageOf } from "../lib/errors/message-of.js";

/** Runs the command line of a benchmark. A failure prints its message and sets the exit code to 1. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.parseAsync();
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
