import { spawnSync } from "node:child_process";
import { chmod, lstat, readFile, readdir, stat, symlink, utimes, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { writeAtomically } from "../../../lib/files/atomic-file.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const write = (path: string, content = "new") => writeAtomically(path, (file) => file.writeFile(content));

/** Runs a process that writes to `path` and ends like this while it does. */
function endWhileWriting(path: string, end: string): void {
  const source = `
    (await import("tsx/esm/api")).register();
    const { writeAtomically } = await import(${JSON.stringify(new URL("../../../lib/files/atomic-file.ts", import.meta.url).href)});
    await writeAtomically(${JSON.stringify(path)}, async (file) => { await file.writeFile("part"); ${end}; });`;
  spawnSync(process.execPath, ["--input-type=module", "--eval", source], { stdio: "inherit" });
}

const temporaries = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith(".tmp"));

test("a symbolic link stays a link, and its target is replaced, whether it exists or not", async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "real"));
  const [link, target] = [join(folder, "link"), join(folder, "real", "target")];
  await symlink("real/target", link);
  for (const content of ["first", "second"]) {
    await write(link, content);
    t.true((await lstat(link)).isSymbolicLink());
    t.is(await readFile(target, "utf8"), content);
  }
  const through = join(folder, "folder");
  await symlink("real", through);
  await symlink("../other", join(folder, "real", "up"));
  await write(join(through, "up"));
  t.is(await readFile(join(folder, "other"), "utf8"), "new");
});

test("a loop of links is an error", async (t) => {
  const folder = await temporaryFolder(t);
  await symlink("a", join(folder, "b"));
  await symlink("b", join(folder, "a"));
  await rejects(t, write(join(folder, "a")), "IO", /too many symbolic links/);
});

test("an existing file keeps its permissions", async (t) => {
  const path = join(await temporaryFolder(t), "file");
  await writeFile(path, "old");
  for (const mode of [0o600, 0o666, 0o640]) {
    await chmod(path, mode);
    await write(path);
    t.is((await stat(path)).mode & 0o777, mode);
  }
});

test("a name that is too long is an IO error", async (t) => {
  await rejects(t, write(join(await temporaryFolder(t), "n".repeat(300))), "IO", /the name is too long/);
});

test("a process that exits while it writes leaves nothing", async (t) => {
  const folder = await temporaryFolder(t);
  endWhileWriting(join(folder, "file"), "process.exit(0)");
  t.deepEqual(await readdir(folder), []);
});

test("what a killed process leaves goes at the next write to the folder", async (t) => {
  const folder = await temporaryFolder(t);
  endWhileWriting(join(folder, "file"), 'process.kill(process.pid, "SIGKILL")');
  t.is((await temporaries(folder)).length, 1);
  await write(join(folder, "other"));
  t.deepEqual(await readdir(folder), ["other"]);
});

async function leave(t: ExecutionContext, name: string, hoursAgo: number): Promise<string[]> {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, name), "");
  const time = Date.now() / 1000 - hoursAgo * 3600;
  await utimes(join(folder, name), time, time);
  await write(join(folder, "file"));
  return temporaries(folder);
}

test("of other machines and containers only what is a day old goes, and other files never", async (t) => {
  const elsewhere = ".1-00000000.0123456789abcdef.tmp";
  t.deepEqual(await leave(t, elsewhere, 25), []);
  t.deepEqual(await leave(t, elsewhere, 23), [elsewhere]);
  t.deepEqual(await leave(t, ".mine.tmp", 1000), [".mine.tmp"]);
});
