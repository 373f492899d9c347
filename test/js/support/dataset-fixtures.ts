import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";

/** Writes empty files at paths below a folder: enough where only names count. */
export async function touch(folder: string, ...paths: string[]): Promise<void> {
  const folders = new Set(paths.map((path) => dirname(join(folder, path))));
  for (const each of folders) await mkdir(each, { recursive: true });
  await Promise.all(paths.map((path) => writeFile(join(folder, path), "")));
}

/** Writes a grey picture whose rows are lines of text: "#" is `ink`, anything else 0. The extension says how. */
export async function writePicture(path: string, rows: readonly string[], ink = 255): Promise<void> {
  const data = Uint8Array.from(rows.join(""), (dot) => (dot === "#" ? ink : 0));
  await mkdir(dirname(path), { recursive: true });
  await sharp(data, { raw: { width: rows[0]!.length, height: rows.length, channels: 1 } })
    .toColourspace("b-w")
    .toFile(path);
}
