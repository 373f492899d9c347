import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { readTextFile } from "../../../lib/files/text-file.js";
import { openDataset } from "../../../lib/index.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a text is read as UTF-8, and one that is too long for a string is refused before it is read", async (t) => {
  const path = join(await temporaryFolder(t), "list.csv");
  await writeFile(path, "Größe\n");
  t.is(await readTextFile(path), "Größe\n");
  await truncate(path, 2 ** 33);
  const message = /list\.csv: it has 8589934592 bytes; at most 268435456 are allowed here/;
  await rejects(t, readTextFile(path), "IO", message);
  await rejects(t, openDataset(path), "IO", message);
});
