import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { libtorchPackage } from "../../lib/native/libtorch/npm-package.js";
import { contents } from "./contents.js";
import { tar } from "./tar.js";
import { withWheel } from "./wheel.js";

/** The largest tarball, in bytes: registries and their users' patience have limits. */
const largest = 125e6;

/** zlib's level: 9 takes 2.4 times as long for 0.3 % less. */
const level = 6;

/** The name that `npm pack` would give to the tarball. */
export const tarballName = `${libtorchPackage.name}-${libtorchPackage.version}.tgz`;

/**
 * Packs the libraries in a wheel of LibTorch as an npm package. The same wheel gives the same tarball, byte for byte,
 * with the same zlib; with another one, the archive inside is the same.
 *
 * @param folder Where the tarball is put. An existing one is replaced, once the new one is complete.
 * @returns the tarball's path.
 * @throws Error if the wheel lacks a file, or the tarball is larger than `limit`.
 */
export async function packLibTorch(
  wheel: string,
  folder: string,
  { shared, limit = largest }: { shared?: Parameters<typeof contents>[1]; limit?: number } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, tarballName);
  const unfinished = `${path}.unfinished`;
  try {
    await withWheel(wheel, (files) =>
      pipeline(
        Readable.from(tar(contents(files, shared)), { objectMode: false }),
        createGzip({ level }),
        createWriteStream(unfinished),
      ),
    );
    const { size } = await stat(unfinished);
    if (size > limit)
      throw new Error(
        `${tarballName} has ${(size / 1e6).toFixed(1)} MB, but must not have more than ${limit / 1e6} MB`,
      );
    await rename(unfinished, path);
    return path;
  } finally {
    await rm(unfinished, { force: true });
  }
}
