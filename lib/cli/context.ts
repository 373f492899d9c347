/** What a command knows of the process that it runs in. */
export interface CommandContext {
  /** Aborted when the user interrupts the command. */
  signal: AbortSignal;
  /** Writes a line of results. */
  print(line: string): void;
  /** Writes a line about how it goes, beside the results. */
  note(line: string): void;
  /** Whether notes go to a terminal, on which a line can be drawn anew. */
  interactive: boolean;
  /** Makes the command's exit code 1 although it goes on to its end. */
  markFailed(): void;
}
