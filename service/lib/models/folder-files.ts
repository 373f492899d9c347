import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseFileName, pinFileName } from "./file-name.js";

/** What tells one content of a file from another. */
export type Stamp = string;

/** A model file in the folder. */
export interface ModelFile {
  path: string;
  stamp: Stamp;
}

/** What the folder says about one model. */
export interface ListedModel {
  versions: Map<number, ModelFile>;
  /** The version that a file says is to be served. */
  pin: number | undefined;
}

/** What is in the folder. */
export interface Listing {
  models: Map<string, ListedModel>;
  /** Files that cannot be used because of their names: what is wrong with each. */
  misnamed: Map<string, string>;
}

/** Lists the model files in a folder, and which versions are pinned. */
export async function listFolder(folder: string): Promise<Listing> {
  const listing: Listing = { models: new Map(), misnamed: new Map() };
  for (const file of (await readdir(folder)).sort()) {
    const parsed = parseFileName(file);
    if (parsed === undefined) continue;
    if (typeof parsed === "string") {
      listing.misnamed.set(file, parsed);
      continue;
    }
    const path = join(folder, file);
    const stamp = await stampOf(path);
    if (stamp === undefined) continue;
    const model = listing.models.get(parsed.name) ?? (await emptyModel(folder, parsed.name));
    listing.models.set(parsed.name, model);
    // "bottle.safetensors" sorts before "bottle@1.safetensors".
    if (model.versions.has(parsed.version))
      listing.misnamed.set(
        file,
        `version ${parsed.version} of ${parsed.name} is there already, in another file`,
      );
    else model.versions.set(parsed.version, { path, stamp });
  }
  return listing;
}

async function emptyModel(folder: string, name: string): Promise<ListedModel> {
  const text = await readFile(join(folder, pinFileName(name)), "utf8").catch(() => "");
  const pin = /^\s*([1-9]\d{0,8})\s*$/.exec(text)?.[1];
  return { versions: new Map(), pin: pin === undefined ? undefined : Number(pin) };
}

/** undefined if the file is gone, or is not a regular one. */
async function stampOf(path: string): Promise<Stamp | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found?.isFile() ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}` : undefined;
}
