import { CommanderError } from "commander";
import type { CommandContext } from "./context.js";
import { describeError, exitCode, exitCodeOf } from "./exit.js";
import { createProgram } from "./program.js";

const abort = new AbortController();
let stop: AbortController | undefined;
let interruption: number | undefined;

const context: CommandContext = {
  signal: abort.signal,
  interruptions: {
    stop: () => (stop ??= new AbortController()).signal,
    markStopped: () => (process.exitCode = interruption),
  },
  interactive: process.stderr.isTTY,
  print: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  markFailed: () => (process.exitCode = exitCode.failed),
  markRejected: () => (process.exitCode ??= exitCode.rejected),
};

const interruptions: Record<"SIGINT" | "SIGTERM", number> = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
};

/**
 * The first signal aborts the work cleanly; the next one terminates the process, as it does by default. If the command
 * can be stopped, the first one does that, and the second one aborts.
 */
function interrupt(signal: keyof typeof interruptions): void {
  interruption = interruptions[signal];
  const reason = new Error(`the process received ${signal}`);
  if (stop?.signal.aborted === false) {
    context.note("Stopping after this batch. Interrupt again to abort.");
    stop.abort(reason);
    return;
  }
  for (const name of Object.keys(interruptions)) process.off(name, interrupt);
  abort.abort(reason);
}

for (const signal of Object.keys(interruptions)) process.on(signal, interrupt);

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
