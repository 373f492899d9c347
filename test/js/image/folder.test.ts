import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import test from "ava";
import type { ErrorCode } from "../../../lib/errors/error.js";
import { listImages } from "../../../lib/image/folder.js";
import { touch } from "../support/dataset-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("images are listed by code units of their path, through folders, whatever the case of the extension", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "b.PNG", "a/z.jpeg", "a.jpg", "a-b/c.Tiff", "Z.webp", "ä.gif", "10.avif", "9.tif");
  await touch(folder, "notes.txt", "a/Thumbs.db", ".hidden.png", ".cache/x.png");
  const names = (await listImages(folder)).map((image) => relative(folder, image));
  t.deepEqual(names, ["10.avif", "9.tif", "Z.webp", "a-b/c.Tiff", "a.jpg", "a/z.jpeg", "b.PNG", "ä.gif"]);
});

test("symbolic links are followed, and loops of them end", async (t) => {
  const folder = await temporaryFolder(t);
  const elsewhere = await temporaryFolder(t);
  await touch(folder, "one/1.png", "two/2.png");
  await touch(elsewhere, "3.png");
  await symlink("..", join(folder, "one/up"));
  await symlink("../two", join(folder, "one/across"));
  await symlink("../one", join(folder, "two/back"));
  await symlink(elsewhere, join(folder, "elsewhere"));
  await symlink("1.png", join(folder, "one/linked.png"));
  await symlink("itself", join(folder, "itself"));
  const names = (await listImages(folder)).map((image) => relative(folder, image));
  t.deepEqual(names, ["elsewhere/3.png", "one/1.png", "one/linked.png", "two/2.png"]);
});

test("a link to an image that is missing is listed, for its reader to complain of", async (t) => {
  const folder = await temporaryFolder(t);
  await symlink("gone.png", join(folder, "link.png"));
  t.deepEqual(await listImages(folder), [join(folder, "link.png")]);
});

test("a folder that is a link is listed under the link's name", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "real/1.png");
  await symlink("real", join(folder, "link"));
  t.deepEqual(await listImages(join(folder, "link")), [join(folder, "link", "1.png")]);
});

test("folders without images, files and nothing at all are told apart", async (t) => {
  const folder = await temporaryFolder(t);
  await touch(folder, "empty/notes.txt", "empty/scan.psd", "file.png");
  const fails = async (path: string, code: ErrorCode, message: RegExp): Promise<void> => {
    await rejects(t, listImages(join(folder, path)), code, message);
  };
  await fails("empty", "NO_IMAGES", /No image in the folder .*empty.*PNG, JPEG.*Left out: 1 \.txt, 1 \.psd/);
  await fails("missing", "NOT_FOUND", /There is no folder .*missing/);
  await fails("file.png", "INVALID_ARGUMENT", /is a file where a folder/);
  await fails("file.png/below", "NOT_FOUND", /no folder/);
});

(process.getuid?.() === 0 ? test.skip : test)(
  "a folder that may not be read is an error of its own",
  async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "closed"));
    await writeFile(join(folder, "a.png"), "");
    await chmod(join(folder, "closed"), 0);
    await rejects(t, listImages(folder), "IO", /cannot be read/);
  },
);
