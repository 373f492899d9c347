import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { readRegularFile } from "../files/regular-file.js";
import { checkedOptions, type CheckedSampleOptions } from "./options.js";
import { planSample } from "./plan.js";

/** The file in a sample's folder that records how it was drawn. */
export const descriptionFile = "sample.json";

const generator = "reverse-distillation sample";

/** Increased when the drawing changes, so that samples of other versions are not reused. */
const version = 1;

/** The content of {@link descriptionFile}. */
export function describe(drawing: Omit<CheckedSampleOptions, "overwrite" | "onProgress" | "signal">): string {
  return `${JSON.stringify({ generator, version, ...drawing }, null, 2)}\n`;
}

/**
 * Whether a folder already contains the sample with this description. If it does not, a sample may be written there:
 * the folder is missing, is empty, or contains only another sample that may be overwritten.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the folder contains anything that must not be lost; `IO`.
 */
export async function holdsSample(folder: string, description: string, overwrite: boolean): Promise<boolean> {
  const files = await filesBelow(folder);
  if (files.length === 0) return false;
  const found = files.includes(descriptionFile)
    ? (await readRegularFile(join(folder, descriptionFile), { maxBytes: 2 ** 20 })).toString()
    : undefined;
  if (found === description) return true;
  const known = found === undefined ? undefined : filesOfSample(found);
  if (known === undefined) {
    throw refused(`The folder ${folder} contains other files: choose one that is empty or does not exist.`);
  }
  if (!overwrite) {
    throw refused(
      `The folder ${folder} contains a sample drawn with other options: choose another folder, or set overwrite.`,
    );
  }
  const foreign = files.filter((file) => !known.has(file));
  if (foreign.length > 0) {
    throw refused(
      `The folder ${folder} also contains ${counted(foreign.length, "other file")}, such as ${foreign[0]!}: ` +
        "move them elsewhere, or choose another folder.",
    );
  }
  return false;
}

/** The files of the described sample; undefined if this version did not write the description. */
function filesOfSample(description: string): Set<string> | undefined {
  try {
    const { generator: by, version: of, ...drawing } = JSON.parse(description) as Record<string, unknown>;
    if (by !== generator || of !== version) return undefined;
    const plans = planSample(checkedOptions(drawing));
    const images = plans.flatMap(({ image, mask }) => (mask === undefined ? [image] : [image, mask]));
    return new Set([descriptionFile, ...images.map((image) => `${image}.png`)]);
  } catch {
    return undefined;
  }
}

/** Paths of all files and empty folders in a folder, relative to it. */
async function filesBelow(folder: string): Promise<string[]> {
  try {
    return await walk(folder, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new ReverseDistillationError(
      code === "ENOTDIR" ? "INVALID_ARGUMENT" : "IO",
      `No sample can be written to ${folder}: ${message}.`,
      { cause: error },
    );
  }
}

async function walk(root: string, below: string): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  if (entries.length === 0 && below !== "") return [below];
  const found = entries.map(async (entry) => {
    const path = join(below, entry.name);
    return entry.isDirectory() ? walk(root, path) : [path];
  });
  return (await Promise.all(found)).flat();
}

function refused(message: string): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_ARGUMENT", message);
}
