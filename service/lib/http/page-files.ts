import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** A file of the page, ready to be sent. */
export interface PageFile {
  type: string;
  bytes: Buffer;
  /** The same, compressed. */
  gzip: Buffer;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Reads the page that the build wrote.
 *
 * @param needsToken Whether who looks at the page has to have a token: the page asks for it before any request fails.
 * @returns the files under `assets/` by name, and index.html.
 * @throws Error saying what to do, if it was not built.
 */
export async function readPage(
  needsToken: boolean,
): Promise<{ index: PageFile; assets: Map<string, PageFile> }> {
  // The sources and the bundle lie in different folders of the package.
  const manifest = createRequire(import.meta.url).resolve("reverse-distillation-service/package.json");
  const folder = join(dirname(manifest), "dist", "page");
  try {
    const names = await readdir(join(folder, "assets"));
    const assets = new Map<string, PageFile>();
    for (const name of names) assets.set(name, fileOf(name, await readFile(join(folder, "assets", name))));
    const html = await readFile(join(folder, "index.html"), "utf8");
    const index = html.replace("<html ", `<html data-tokens="${needsToken}" `);
    return { index: fileOf("index.html", Buffer.from(index)), assets };
  } catch (error) {
    throw new Error(`The service's page is not in ${folder}. In a checkout, run: npm run compile`, {
      cause: error,
    });
  }
}

function fileOf(name: string, bytes: Buffer): PageFile {
  const type = types[extname(name)];
  if (type === undefined) throw new Error(`${name} is of no type that the page has.`);
  return { type, bytes, gzip: gzipSync(bytes) };
}
