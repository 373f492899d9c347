import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../../lib/files/checksum.js";
import { readRegularFile } from "../../../lib/files/regular-file.js";
import { readExportDescription } from "../../../lib/onnx/read-metadata.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { openTeacherWeights } from "../../../lib/teacher/weights.js";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Everything that reads a file as a whole or opens one of a known format. */
const readers: [name: string, read: (path: string) => Promise<unknown>][] = [
  ["readRegularFile", readRegularFile],
  ["sha256", sha256],
  ["SafetensorsFile.open", (path) => SafetensorsFile.open(path)],
  ["TorchFile.open", (path) => TorchFile.open(path)],
  ["openTeacherWeights", openTeacherWeights],
  ["readExportDescription", readExportDescription],
];

async function pipe(t: ExecutionContext): Promise<string> {
  const path = join(await temporaryFolder(t), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

for (const [name, read] of readers) {
  test(`${name} refuses what is no regular file, and leaves the threads for other files free`, async (t) => {
    const path = await pipe(t);
    // As many as there are threads for files.
    for (let i = 0; i < 4; i++)
      await rejects(t, read(path), "IO", /pipe: it is a pipe\. Give the path of a file/);
    t.is(await readFile("/proc/self/comm", "utf8").then((text) => typeof text), "string");
    await rejects(t, read("/dev/zero"), "IO", /\/dev\/zero: it is a device/);
    await rejects(t, read("/var"), "IO", /\/var: it is a folder/);
    await rejects(t, read(`${path}-none`), "NOT_FOUND");
  });
}

test("a socket is refused as well", async (t) => {
  const path = join(await temporaryFolder(t), "socket");
  const server = createServer().listen(path);
  await once(server, "listening");
  await rejects(t, readRegularFile(path), "IO", /it is a socket/);
  server.close();
});

test("a regular file is read whole, up to the limit", async (t) => {
  const path = join(await temporaryFolder(t), "file");
  await writeFile(path, "12345");
  t.is((await readRegularFile(path, { maxBytes: 5 })).toString(), "12345");
  await rejects(
    t,
    readRegularFile(path, { maxBytes: 4 }),
    "IO",
    /it has 5 bytes; at most 4 are allowed here/,
  );
  await rejects(t, readRegularFile(path, { signal: AbortSignal.abort() }), "ABORTED");
});

test("the signal ends the reading of a large file", async (t) => {
  const path = join(await temporaryFolder(t), "large");
  execFileSync("truncate", ["-s", "1G", path]);
  const controller = new AbortController();
  const reading = readRegularFile(path, { signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  await rejects(t, reading, "ABORTED");
});

test("names that would break a line or steer a terminal are escaped in errors", async (t) => {
  const path = join(await temporaryFolder(t), "a\nb\x1b[2J");
  await rejects(t, readRegularFile(path), "NOT_FOUND", /a\\nb\\x1b\[2J: no such file or folder/);
  await writeFile(path, "");
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /a\\nb\\x1b\[2J is empty/);
});
