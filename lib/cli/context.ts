/** A command's connection to the process that it runs in. */
export interface CommandContext {
  /** Aborted if the user interrupts the command. */
  signal: AbortSignal;
  /** For a command that can end early with a result. Absent if the command cannot be interrupted. */
  readonly interruptions?: Interruptions;
  /** Prints a line of results to stdout. */
  print(line: string): void;
  /** Prints a line of progress or a warning to stderr. */
  note(line: string): void;
  /** Whether stderr is a terminal, on which a line can be redrawn. */
  interactive: boolean;
  /** Sets the exit code to 1 without ending the command. */
  markFailed(): void;
  /** Sets the exit code to 3, for a rejected part, unless something failed. */
  markRejected(): void;
}

/** Interruptions that end a command early, with a result. */
export interface Interruptions {
  /** Returns a signal that the next interruption aborts; only one after that aborts the context's `signal`. */
  stop(): AbortSignal;
  /** Sets the exit code to that of the interruption without ending the command. */
  markStopped(): void;
}
