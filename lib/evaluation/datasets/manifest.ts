import { statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { ReverseDistillationError } from "../../errors/error.js";
import { readTextFile } from "../../files/text-file.js";
import { parseCsv } from "./csv.js";
import { labelOf, normalLabel, type Dataset } from "./dataset.js";
import { testImage, type OpenOptions } from "./format.js";
import { datasetFromList, splitOf, type ListedImage } from "./listed.js";
import { isLookoutEntry, readLookoutEntry } from "./lookout.js";

/** Endings of the files that are opened as manifests. */
export const manifestExtensions: readonly string[] = [
  ".csv",
  ".tsv",
  ".jsonl",
  ".ndjson",
  ".json",
  ".manifest",
];

/** Whether a path is that of a manifest: by its ending, if there is a file. */
export function isManifest(path: string): boolean {
  if (!manifestExtensions.includes(extname(path).toLowerCase())) return false;
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** The columns of a manifest, and what else they may be called. */
const columns = {
  image: ["image", "image_path", "path", "file", "filename"],
  label: ["label", "class"],
  mask: ["mask", "mask_path"],
  split: ["split", "subset", "set"],
  group: ["group"],
} as const;

type Column = keyof typeof columns;

/**
 * A list of images, as CSV with a header, or as JSON lines or an array of JSON objects with the same keys:
 *
 *     image,label,mask,split,group
 *     images/0.png,good,,train,
 *     images/1.png,scratch,masks/1.png,test,part 7
 *
 * - `image`: the path, from the folder that the manifest lies in.
 * - `label`: what it shows. "good", "OK", "normal" and "pass", in any case, 0 and false are good; 1 and true are
 *   "anomaly". May be empty in the split train.
 * - `mask`: the path of the mask; several are separated by `|` (in JSON, an array). May be left out.
 * - `split`: train, validation or test. Without it, good images count both to train and to test.
 * - `group`: what the image has in common with others. May be left out.
 *
 * The manifests of Amazon Lookout for Vision are JSON lines too, with `source-ref`; see `lookout.ts`.
 *
 * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE` naming the line, `NO_IMAGES`
 */
export async function openManifest(path: string, options: OpenOptions): Promise<Dataset> {
  const text = await readTextFile(path);
  const folder = dirname(path);
  const isTable = [".csv", ".tsv"].includes(extname(path).toLowerCase());
  const images = isTable ? fromCsv(text, path, folder) : fromJson(text, path, folder);
  return datasetFromList(images, { list: path }, options);
}

function fromCsv(text: string, path: string, folder: string): ListedImage[] {
  const { columns: found, rows } = parseCsv(text, path);
  const names = Object.fromEntries(
    Object.entries(columns).map(([column, aliases]) => [
      column,
      aliases.find((alias) => found.includes(alias)),
    ]),
  ) as Record<Column, string | undefined>;
  if (names.image === undefined || names.label === undefined) {
    throw new ReverseDistillationError(
      "INVALID_FILE",
      `The header of ${path} must name the columns image and label, and may name mask, split and group; got ` +
        `${found.join(", ") || "nothing"}.`,
    );
  }
  return rows.map(({ line, fields }) => {
    const value = (column: Column) => fields.get(names[column] ?? "");
    const mask = value("mask")?.split("|");
    return listed({ ...readAll(value), mask, place: `line ${line} of ${path}` }, folder);
  });
}

function fromJson(text: string, path: string, folder: string): ListedImage[] {
  return entriesOf(text.replace(/^\ufeff/, ""), path).map(({ entry, place }) =>
    isLookoutEntry(entry) ? readLookoutEntry(entry, folder, place) : listed(fieldsOf(entry, place), folder),
  );
}

/** The objects of JSON lines, or of an array, and where they are. */
function entriesOf(text: string, path: string): { entry: Record<string, unknown>; place: string }[] {
  if (/^\s*\[\s*\{/.test(text)) {
    const entries = parsed(text, path) as unknown[];
    return entries.map((entry, index) => {
      const place = `entry ${index + 1} of ${path}`;
      return { entry: requireObject(entry, place), place };
    });
  }
  return text.split("\n").flatMap((line, index) => {
    const place = `line ${index + 1} of ${path}`;
    return line.trim() === "" ? [] : [{ entry: requireObject(parsed(line, place), place), place }];
  });
}

/** The label that a list means by a name or a number. */
function listedLabel(label: string): string {
  const meanings: Readonly<Record<string, string>> = {
    0: normalLabel,
    false: normalLabel,
    1: "anomaly",
    true: "anomaly",
  };
  return meanings[label.toLowerCase()] ?? labelOf(label);
}

interface Fields {
  image: string | undefined;
  label: string | undefined;
  mask: readonly string[] | undefined;
  split: string | undefined;
  group: string | undefined;
  place: string;
}

function readAll(value: (column: Column) => string | undefined) {
  return { image: value("image"), label: value("label"), split: value("split"), group: value("group") };
}

function listed({ image, label, mask = [], split, group, place }: Fields, folder: string): ListedImage {
  const part = splitOf(split, place);
  if (image === undefined) throw missing("image", place);
  if (label === undefined && part !== "train") throw missing("label", place);
  const masks = mask.map((each) => resolveBelow(folder, each.trim()));
  return {
    ...testImage(
      resolveBelow(folder, image),
      label === undefined ? normalLabel : listedLabel(label),
      masks,
      group,
    ),
    split: part,
    place,
  };
}

function fieldsOf(entry: Readonly<Record<string, unknown>>, place: string): Fields {
  const value = (column: Column): string | undefined => {
    const key = columns[column].find((alias) => alias in entry);
    const found = key === undefined ? undefined : entry[key];
    if (found === undefined || found === null || found === "") return undefined;
    if (typeof found === "string" || typeof found === "number" || typeof found === "boolean")
      return String(found);
    throw new ReverseDistillationError("INVALID_FILE", `The ${column} in ${place} must be a string.`);
  };
  const masks = columns.mask.map((alias) => entry[alias]).find((each) => Array.isArray(each));
  if (masks === undefined) {
    const mask = value("mask");
    return { ...readAll(value), mask: mask === undefined ? undefined : [mask], place };
  }
  if (!(masks as unknown[]).every((each) => typeof each === "string")) {
    throw new ReverseDistillationError("INVALID_FILE", `The masks in ${place} must be strings.`);
  }
  return { ...readAll(value), mask: masks as string[], place };
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ReverseDistillationError(
      "INVALID_FILE",
      `What is in ${place} is not JSON: one object per line, or an array of objects, is expected.`,
      { cause: error },
    );
  }
}

function requireObject(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new ReverseDistillationError("INVALID_FILE", `What is in ${place} is not a JSON object.`);
}

function missing(key: string, place: string): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_FILE", `The ${key} is missing in ${place}.`);
}

function resolveBelow(folder: string, path: string): string {
  return resolve(path) === path ? path : join(folder, path);
}
