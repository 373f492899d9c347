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

/** The first signal aborts the work cleanly; a second one terminates the process, as it does by default. */
function interruptible(signal: NodeJS.Signals, code: number): void {
  process.once(signal, () => {
    interruption = code;
    abort.abort(new Error(`the process received ${signal}`));
  });
}

interruptible("SIGINT", exitCode.interrupted);
interruptible("SIGTERM", exitCode.terminated);

// The reader of the results has gone, such as `head` at the end of a pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  interruption = exitCode.brokenPipe;
  abort.abort(error);
});

// Node.js's own listener prints the process id and how to trace the warning, which are of no use here.
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
    // commander has already printed its own errors.
    if (!(error instanceof CommanderError)) context.note(`error: ${describeError(error, verbose)}`);
  }
}
