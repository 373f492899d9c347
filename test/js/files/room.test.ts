import { spawnSync } from "node:child_process";
import { mkdir, readdir, statfs, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { requireRoom } from "../../../lib/files/room.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const model = (path: string, bytes = 1000) => ({ name: "the model", path, bytes });

test("a file that can be written passes, and nothing is left behind", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "old"), "old");
  await requireRoom([model(join(folder, "new")), model(join(folder, "old"))]);
  t.deepEqual(await readdir(folder), ["old"]);
});

test("a missing folder, a folder in place of the file, and a file in place of the folder are refused", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "file"), "");
  await rejects(t, requireRoom([model(join(folder, "none", "m"))]), "NOT_FOUND", /none does not exist/);
  await rejects(t, requireRoom([model(folder)]), "INVALID_ARGUMENT", /is a folder/);
  await rejects(
    t,
    requireRoom([model(join(folder, "file", "m"))]),
    "INVALID_ARGUMENT",
    /file is not a folder/,
  );
});

test("too little room is refused before anything is written, also if only several files together lack it", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "m");
  const tooMuch = /not enough room to write the model to .*m: this needs \d+ MB, but only \d+ MB are free/;
  await rejects(t, requireRoom([model(path, 1e18)]), "IO", tooMuch);
  const { bavail, bsize } = await statfs(folder);
  const most = 0.6 * bavail * bsize;
  await requireRoom([model(path, most)]);
  await rejects(t, requireRoom([model(join(folder, "other"), most), model(path, most)]), "IO", tooMuch);
  t.deepEqual(await readdir(folder), []);
});

test("a folder in which no file can be made is refused, even through a link", async (t) => {
  const folder = await temporaryFolder(t);
  // In /proc, not even root can make a file.
  await symlink("/proc/self", join(folder, "readonly"));
  await rejects(t, requireRoom([model(join(folder, "readonly", "m"))]), "NOT_FOUND");
  await symlink("/proc/m", join(folder, "link"));
  await rejects(t, requireRoom([model(join(folder, "link"))]), "NOT_FOUND");
});

test("a full file system is noticed", async (t) => {
  const folder = await temporaryFolder(t);
  const full = join(folder, "full");
  await mkdir(full);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", full]);
  if (mounted.status !== 0) {
    t.log("This user cannot mount a file system: not tested.");
    t.pass();
    return;
  }
  t.teardown(() => spawnSync("umount", [full]));
  await rejects(
    t,
    requireRoom([model(join(full, "m"), 2e6)]),
    "IO",
    /needs 2 MB, but only [012] MB are free/,
  );
  await requireRoom([model(join(full, "m"), 1e5)]);
});
