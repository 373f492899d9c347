import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Detector, type GivenThresholds, type LoadOptions } from "reverse-distillation";
import { fileNameOf } from "./file-name.js";
import { listFolder } from "./folder-files.js";

interface NewVersion {
  folder: string;
  name: string;
  /** The file that has everything but the thresholds. */
  from: string;
  thresholds: GivenThresholds;
  load: LoadOptions;
}

/** Writes a copy of a model file with other thresholds, and gives it the number after the highest one. */
export async function writeVersion({ folder, name, from, thresholds, load }: NewVersion): Promise<number> {
  // Names that start with a dot are none of the models.
  const unfinished = join(folder, `.${name}.${randomUUID()}.safetensors`);
  try {
    const detector = await Detector.load(from, load);
    try {
      detector.setThresholds(thresholds);
      await detector.save(unfinished);
    } finally {
      await detector.dispose();
    }
    const version = await reserve(folder, name);
    await rename(unfinished, join(folder, fileNameOf({ name, version })));
    return version;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Makes the file of the next version. Nobody else can have it then, and a version that is there is never replaced. */
export async function reserve(folder: string, name: string): Promise<number> {
  const { models } = await listFolder(folder);
  for (let version = Math.max(0, ...(models.get(name)?.versions.keys() ?? [])) + 1; ; version++) {
    try {
      await (await open(join(folder, fileNameOf({ name, version })), "wx")).close();
      return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
