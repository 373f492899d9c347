import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, writeDurably } from "../store/durable-file.js";
import type { Training } from "./training.js";

/** The ending of files that describe trainings. */
const ending = ".json";

/** What is kept of trainings: a file for each, and while it is not over, a folder with its checkpoint and model. */
export class TrainingFiles {
  readonly #folder: string;
  /** One write after the other, so that the latest one is the last. */
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The trainings that were written, the oldest first. */
  async read(): Promise<Training[]> {
    await makeFolderDurably(this.#folder);
    const files = (await readdir(this.#folder)).filter(
      (file) => file.endsWith(ending) && !file.startsWith("."),
    );
    const texts = await Promise.all(files.map((file) => readFile(join(this.#folder, file), "utf8")));
    return texts
      .map((text) => JSON.parse(text) as Training)
      .sort((a, b) => a.created.localeCompare(b.created));
  }

  /** Writes a training as it is now. Once the promise is fulfilled, it is on the disk. */
  write(training: Training): Promise<void> {
    const text = JSON.stringify(training);
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(() => writeDurably(join(this.#folder, training.id + ending), text));
    return this.#writing;
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  async makeRoom(id: string): Promise<void> {
    await makeFolderDurably(join(this.#folder, id));
  }

  checkpointOf(id: string): string {
    return join(this.#folder, id, "checkpoint");
  }

  modelOf(id: string): string {
    return join(this.#folder, id, "model.safetensors");
  }

  /** Removes the checkpoint and the model. */
  async clear(id: string): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  /** Removes everything. */
  async remove(id: string): Promise<void> {
    await this.clear(id);
    await rm(join(this.#folder, id + ending), { force: true });
  }
}
