/** A command's connection to the process that it runs in. */
export interface CommandContext {
  /** Aborted if the user interrupts the command. */
  signal: AbortSignal;
  /** Prints a line of results to stdout. */
  print(line: string): void;
  /** Prints a line of progress or a warning to stderr. */
  note(line: string): void;
  /** Whether stderr is a terminal, on which a line can be redrawn. */
  interactive: boolean;
  /** Sets the exit code to 1 without ending the command. */
  markFailed(): void;
}
