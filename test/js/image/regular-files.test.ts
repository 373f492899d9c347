import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { decodeInTurn } from "../../../lib/image/decode-in-turn.js";
import { heldBytes, readInput } from "../../../lib/image/input.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "regular-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test("images are read from regular files only, so pipes and devices keep no other file from being read", async (t) => {
  const pipe = join(folder, "pipe.png");
  execFileSync("mkfifo", [pipe]);
  const file = join(folder, "file.txt");
  writeFileSync(file, "read");
  // More than Node.js has threads for files.
  const refused = Array.from({ length: 16 }, () => rejects(t, decodeInTurn(pipe), "IO", /it is a pipe/));
  await Promise.all(refused);
  await rejects(t, decodeInTurn("/dev/zero"), "IO", /it is a device/);
  await rejects(t, decodeInTurn(folder), "IO", /it is a folder/);
  t.is(await readFile(file, "utf8"), "read");
});

test("a file with more bytes than an image can have is refused before it is read", async (t) => {
  const sparse = join(folder, "sparse.png");
  writeFileSync(sparse, "");
  truncateSync(sparse, 2 ** 40);
  await rejects(t, readInput(sparse), "IO", /it has 1099511627776 bytes; at most \d+ are allowed here/);
});

test("an image holds the bytes that its caller keeps for it, and a path holds none", (t) => {
  const bytes = new Uint8Array(10);
  t.is(heldBytes("a.png"), 0);
  t.is(heldBytes(new URL("file:///a.png")), 0);
  t.is(heldBytes(bytes.subarray(4)), 6);
  t.is(heldBytes(bytes.buffer), 10);
  t.is(heldBytes(new Blob([bytes, bytes])), 20);
  t.is(heldBytes({ data: bytes, width: 5, height: 2, channels: 1 }), 10);
  for (const none of [null, undefined, 3, {}, { data: "text", width: 1, height: 1 }]) {
    t.is(heldBytes(none as never), 0);
  }
});
