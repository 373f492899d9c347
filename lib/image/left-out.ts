import { counted } from "../errors/counted.js";

/** What is left out of a scan, counted by kind, to be said once. */
export class LeftOut {
  readonly #kinds = new Map<string, { plural: string; count: number; example: string | undefined }>();
  #files = 0;
  #folders = 0;

  /** How many files and folders are left out. */
  get count(): number {
    return this.#files + this.#folders;
  }

  /** A file that is no image, by its extension. */
  addOther(extension: string): void {
    const kind = extension === "" ? "without an extension" : extension;
    this.#add(kind, kind, undefined);
    this.#files++;
  }

  /**
   * A file that could be taken for an image.
   *
   * @param kind What it is, such as "mask".
   * @param example Its path below the folder that is scanned.
   */
  addFile(kind: string, plural: string, example: string): void {
    this.#add(kind, plural, example);
    this.#files++;
  }

  /** A folder that is not looked into. */
  addFolder(kind: string, plural: string, example: string): void {
    this.#add(kind, plural, example);
    this.#folders++;
  }

  /** "4 files: 3 .txt, 1 .psd" */
  describe(): string {
    const total = [
      ...(this.#files > 0 ? [counted(this.#files, "file")] : []),
      ...(this.#folders > 0 ? [counted(this.#folders, "folder")] : []),
    ];
    return `${total.join(" and ")}: ${this.list()}`;
  }

  /** "3 .txt, 1 .psd" */
  list(): string {
    return [...this.#kinds]
      .sort(([, a], [, b]) => b.count - a.count)
      .map(([kind, { plural, count, example }]) => {
        const such = example === undefined ? "" : ` (${count === 1 ? "" : "such as "}${example})`;
        return counted(count, kind, plural) + such;
      })
      .join(", ");
  }

  #add(kind: string, plural: string, example: string | undefined): void {
    const known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, { plural, count: 1, example });
    else known.count++;
  }
}

/** Says once, as a process warning of the type `ReverseDistillationWarning`, what a scan of a folder leaves out. */
export function warnOfLeftOut(folder: string, leftOut: LeftOut): void {
  if (leftOut.count > 0) warnOfFolder(`${folder}: left out ${leftOut.describe()}.`);
}

/** Says something about a folder of images as a process warning of the type `ReverseDistillationWarning`. */
export function warnOfFolder(message: string): void {
  process.emitWarning(message, { type: "ReverseDistillationWarning", code: "FILES_LEFT_OUT" });
}
