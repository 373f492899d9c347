import { open } from "node:fs/promises";
import type { Outgoing } from "../store/outbox.js";
import type { Destination } from "./destination.js";

/** Appends events to a file, one a line. The file is opened for each, so it can be moved away at any time. */
export class JsonLines implements Destination {
  readonly name = "json-lines";
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async send({ body }: Outgoing): Promise<void> {
    const file = await open(this.#path, "a+", 0o640);
    try {
      const { size } = await file.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await file.read(last, 0, 1, size - 1);
      // A kill can cut a line. Its event is written again, as a line of its own.
      const gap = size > 0 && last.toString() !== "\n" ? "\n" : "";
      await file.appendFile(`${gap}${body}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
