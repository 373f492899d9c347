import { join } from "node:path";
import { makeFolderDurably, writeDurably } from "../store/durable-file.js";
import type { Outgoing } from "../store/outbox.js";
import { parseEvent } from "../store/part.js";
import type { Store } from "../store/store.js";
import type { Destination } from "./destination.js";

/** Endings of files by media type. */
const endings: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "image/tiff": "tiff",
  "image/gif": "gif",
  "image/avif": "avif",
  "image/bmp": "bmp",
  "image/x-portable-anymap": "pam",
};

/** Writes each event as a file, `<id>.json`, after the image of a part that was not accepted. */
export class EventFolder implements Destination {
  readonly name = "folder";
  readonly #folder: string;
  readonly #store: Store;

  constructor(folder: string, store: Store) {
    this.#folder = folder;
    this.#store = store;
  }

  async send({ id, body }: Outgoing): Promise<void> {
    await makeFolderDurably(this.#folder);
    const { type, part } = parseEvent(body);
    if (type === "inspected" && part.image !== null && this.#store.has(part.id)) {
      const image = await this.#store.image(part.id);
      await writeDurably(join(this.#folder, `${part.id}.${endings[image.type] ?? "bin"}`), image.bytes);
    }
    await writeDurably(join(this.#folder, `${id}.json`), `${body}\n`);
  }
}
