import { CommanderError } from "commander";
import type { CommandContext } from "./context.js";
import { describeError, exitCode, exitCodeOf } from "./exit.js";
import { createProgram } from "./program.js";

const abort = new AbortController();
let interruption: number | undefined;

const context: CommandContext = {
  signal: abort.signal,
  interactive: process.stderr.isTTY,
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  markFailed: () => (process.exitCode = exitCode.failed),
};

/** The first signal ends the work in order; a second one ends the process as it would have by default. */
function interruptible(signal: NodeJS.Signals, code: number): void {
  process.once(signal, () => {
    interruption = code;
    abort.abort(new Error(`the process got ${signal}`));
  });
}

interruptible("SIGINT", exitCode.interrupted);
interruptible("SIGTERM", exitCode.terminated);

// Nobody reads the results any more, as when they are piped into head.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  interruption = exitCode.brokenPipe;
  abort.abort(error);
});

// Node's own listener names the process and tells how to trace a warning: of no use to this user.
process.removeAllListeners("warning");
process.on("warning", ({ name, message }) => {
  context.note(name === "ReverseDistillationWarning" ? `warning: ${message}` : `${name}: ${message}`);
});

const program = createProgram(context);
try {
  await program.parseAsync();
} catch (error) {
  if (interruption !== undefined) {
    process.exitCode = interruption;
    if (interruption !== exitCode.brokenPipe) context.note("Interrupted.");
  } else {
    process.exitCode = exitCodeOf(error);
    const verbose = program.opts<{ verbose?: boolean }>().verbose === true;
    // commander has printed its own by now.
    if (!(error instanceof CommanderError)) context.note(`error: ${describeError(error, verbose)}`);
  }
}
