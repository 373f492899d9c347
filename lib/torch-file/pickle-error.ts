/**
 * What is wrong with a pickle, as the rest of a sentence that begins with the file's name. It never
 * leaves this folder: the reader, which knows the file, makes it an `INVALID_FILE`.
 */
export class PickleError extends Error {
  override readonly name: string = "PickleError";
}

/** The bytes end before the pickle does: it is cut short, or more of it is to be read. */
export class PickleEndError extends PickleError {
  override readonly name = "PickleEndError";

  constructor() {
    super("is cut short: its pickle does not end");
  }
}
