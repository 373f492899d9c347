/**
 * A problem with a pickle. Its message is a sentence without its subject, which is the file. It never leaves this
 * folder: the reader knows the file, and converts it to `INVALID_FILE`.
 */
export class PickleError extends Error {
  override readonly name: string = "PickleError";
}

/** The bytes end before the pickle does: the file is truncated, or more of it must be read. */
export class PickleEndError extends PickleError {
  override readonly name = "PickleEndError";

  constructor() {
    super("is truncated: its pickle is incomplete");
  }
}
