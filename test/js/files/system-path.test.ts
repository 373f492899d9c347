import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { nameOf, printable, systemPath } from "../../../lib/files/system-path.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const names: [string, Buffer][] = [
  ["Latin-1", Buffer.from("pr\xfcfung \xdf.png", "latin1")],
  ["UTF-8", Buffer.from("pr\u00fcfung \u{1f600}\ufffd.png")],
  ["UTF-8 cut short", Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0x2e])],
  ["UTF-8 of a surrogate", Buffer.from([0xed, 0xb3, 0xa9])],
  ["a byte order mark", Buffer.from("\ufeffa")],
  ["all bytes", Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1))],
];

for (const [title, bytes] of names) {
  test(`a name of ${title} becomes a string and comes back`, (t) => {
    const name = nameOf(bytes);
    t.deepEqual(Buffer.from(systemPath(name)), bytes);
    t.deepEqual(
      Buffer.from(systemPath(join("folder", name))),
      Buffer.concat([Buffer.from("folder/"), bytes]),
    );
  });
}

test("files with names that are not UTF-8 are read", async (t) => {
  const folder = await temporaryFolder(t);
  const below = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from("gr\xfcn", "latin1")]);
  await mkdir(below);
  await writeFile(Buffer.concat([below, Buffer.from("/\xe9.png", "latin1")]), "content");
  const [first] = await readdir(folder, { encoding: "buffer" });
  const [second] = await readdir(below, { encoding: "buffer" });
  const path = join(folder, nameOf(first!), nameOf(second!));
  t.is(await readFile(systemPath(path), "utf8"), "content");
});

test("a path is printed in one line, without what steers a terminal or hides characters", (t) => {
  const written: [string, string][] = [
    ["plain \u00fc\u{1f600} \\n [x]*?#%20'\".png", "plain \u00fc\u{1f600} \\n [x]*?#%20'\".png"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\u001b[31mred\u0007\u007f", "\\x1b[31mred\\x07\\x7f"],
    ["caf\udce9", "caf\\xe9"],
    ["a\u202egnp.exe", "a\\u{202e}gnp.exe"],
    ["\ud800", "\\u{d800}"],
    ["\u2028", "\\u{2028}"],
  ];
  for (const [path, expected] of written) t.is(printable(path), expected);
});
