import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { counted } from "../errors/counted.js";
import { ReverseDistillationError } from "../errors/error.js";
import { checkedOptions, type CheckedSampleOptions } from "./options.js";
import { planSample } from "./plan.js";

/** The file of a sample's folder that says how it was drawn. */
export const descriptionFile = "sample.json";

const generator = "reverse-distillation sample";

/** Goes up when the drawing changes: a sample of another version is not reused. */
const version = 1;

/** The content of {@link descriptionFile}. */
export function describe(drawing: Omit<CheckedSampleOptions, "overwrite" | "onProgress" | "signal">): string {
  return `${JSON.stringify({ generator, version, ...drawing }, null, 2)}\n`;
}

/**
 * Whether a folder already holds the sample of this description. If not, a sample may be written there: the folder is
 * empty or missing, or holds another sample that may be overwritten, and nothing else.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` if the folder holds anything that must not be lost; `IO`.
 */
export async function holdsSample(folder: string, description: string, overwrite: boolean): Promise<boolean> {
  const files = await filesBelow(folder);
  if (files.length === 0) return false;
  const found = files.includes(descriptionFile)
    ? await readFile(join(folder, descriptionFile), "utf8")
    : undefined;
  if (found === description) return true;
  const known = found === undefined ? undefined : filesOfSample(found);
  if (known === undefined) {
    throw refused(`The folder ${folder} holds other files: give one that is empty or does not exist.`);
  }
  if (!overwrite) {
    throw refused(
      `The folder ${folder} holds a sample drawn with other options: give another folder, or set overwrite.`,
    );
  }
  const foreign = files.filter((file) => !known.has(file));
  if (foreign.length > 0) {
    throw refused(
      `The folder ${folder} also holds ${counted(foreign.length, "file")} of other origin, such as ${foreign[0]!}: ` +
        "move them elsewhere, or give another folder.",
    );
  }
  return false;
}

/** The files of the sample that a description is of; undefined if it is none of this version's. */
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

/** Paths below a folder of everything in it but folders that hold something. */
async function filesBelow(folder: string): Promise<string[]> {
  try {
    return await walk(folder, "");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw new ReverseDistillationError(
      code === "ENOTDIR" ? "INVALID_ARGUMENT" : "IO",
      `${folder} cannot hold a sample: ${message}.`,
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
