import { counted } from "../errors/counted.js";

/** A file or folder that a scan leaves out. */
export interface LeftOutEntry {
  /** Its path below the folder that is scanned. */
  path: string;
  /** What it is, such as "mask"; of a file that is no image, its extension. */
  kind: string;
  plural: string;
  /** Whether it is a file that nobody would take for an image. */
  other: boolean;
  /** Whether it is a folder that is not looked into. */
  folder: boolean;
}

/** What is left out of a scan, to be said once, counted by kind. */
export class LeftOut {
  readonly #entries: LeftOutEntry[];

  constructor(entries: readonly LeftOutEntry[] = []) {
    this.#entries = [...entries];
  }

  /** How many files and folders are left out. */
  get count(): number {
    return this.#entries.length;
  }

  /** Adds a file that is no image, by its extension. */
  addOther(extension: string, path: string): void {
    const kind = extension === "" ? "without an extension" : extension;
    this.#entries.push({ path, kind, plural: kind, other: true, folder: false });
  }

  /** Adds a file that could be taken for an image. @param kind What it is, such as "mask". */
  addFile(kind: string, plural: string, path: string): void {
    this.#entries.push({ path, kind, plural, other: false, folder: false });
  }

  /** Adds a folder that is not looked into. */
  addFolder(kind: string, plural: string, path: string): void {
    this.#entries.push({ path, kind, plural, other: false, folder: true });
  }

  /** Those of the entries that are to be said. */
  filter(keep: (entry: LeftOutEntry) => boolean): LeftOut {
    return new LeftOut(this.#entries.filter(keep));
  }

  /** "4 files: 3 .txt, 1 .psd" */
  describe(): string {
    const folders = this.#entries.filter(({ folder }) => folder).length;
    const files = this.#entries.length - folders;
    const total = [
      ...(files > 0 ? [counted(files, "file")] : []),
      ...(folders > 0 ? [counted(folders, "folder")] : []),
    ];
    return `${total.join(" and ")}: ${this.list()}`;
  }

  /** "3 .txt, 1 .psd" */
  list(): string {
    const kinds = new Map<string, LeftOutEntry[]>();
    for (const entry of this.#entries) {
      const known = kinds.get(entry.kind);
      if (known === undefined) kinds.set(entry.kind, [entry]);
      else known.push(entry);
    }
    return [...kinds.values()]
      .sort((a, b) => b.length - a.length)
      .map((entries) => {
        const { kind, plural, other, path } = entries[0]!;
        const example = other ? "" : ` (${entries.length === 1 ? "" : "such as "}${path})`;
        return counted(entries.length, kind, plural) + example;
      })
      .join(", ");
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
