import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { brokenLinks, readPage } from "../../../scripts/check-links.mjs";
import { runNode } from "../support/child-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** What is broken in files with these contents, as "path:line: message". */
async function broken(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = await temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return brokenLinks(root, Object.keys(files)).map(
    ({ path, line, message }) => `${path}:${line}: ${message}`,
  );
}

const anchors = (text: string) => [...readPage(text).anchors];

test("links to files, folders and headings that exist are in order", async (t) => {
  const found = await broken(t, {
    "README.md": [
      "# Top",
      "[a](docs/a.md) [b](docs/a.md#second-part) [c](#top) [d](docs) [e](docs/) [f](./lib/x.ts) [g](/lib/x.ts)",
      "![picture](docs/a%20b.png) <img src='x'> <img src=\"docs/a%20b.png\"> [r][ref]",
      "[web](https://example.org/x#y) <https://example.org> [mail](mailto:a@example.org)",
      "[ref]: docs/a.md",
    ].join("\n\n"),
    "docs/a.md": "# First\n\n## Second part\n\n[up](../README.md) [root](..) [top](../README.md#top)",
    "docs/a b.png": "",
    "lib/x.ts": "",
  });
  t.deepEqual(found, []);
});

test("a link that leads nowhere is named with its file and line", async (t) => {
  const found = await broken(t, {
    "a.md": [
      "# A",
      "[x](b.txt)",
      "text",
      "[y](#b)",
      "| a |\n| --- |\n| 1 |\n| ![z](c.png) |",
      '<a href="d.md">d</a>',
      "[s](src/x.ts#L1) [p](../outside.md) [w](https:/example.org) [C](A.md)",
    ].join("\n\n"),
    "src/x.ts": "",
  });
  t.deepEqual(found, [
    "a.md:3: b.txt does not exist",
    "a.md:7: #b names a heading that does not exist",
    "a.md:12: c.png does not exist",
    "a.md:14: d.md does not exist",
    "a.md:16: src/x.ts#L1 names a heading, but is not a Markdown file",
    "a.md:16: ../outside.md does not exist",
    "a.md:16: https:/example.org is not a web address",
    "a.md:16: A.md does not exist",
  ]);
});

test("what stands in code is no link and no heading", async (t) => {
  t.deepEqual(await broken(t, { "a.md": "`[x](b.md)`\n\n    [x](b.md)\n\n```\n# B\n[x](b.md)\n```\n" }), []);
  t.deepEqual(anchors("```\n# B\n```"), []);
});

test("anchors are those that GitHub gives headings", (t) => {
  const text =
    "# `train()`, and *more*: [a link](x.md)!\n\n## Größe_2 — C++\n\nSet\n---\n\n## A\n\n## A\n\n## A-1\n\n## A";
  t.deepEqual(anchors(text), ["train-and-more-a-link", "größe_2--c", "set", ...["a", "a-1", "a-1-1", "a-2"]]);
});

test("an element with an id or a name is an anchor", (t) => {
  t.deepEqual(anchors('text <a id="one"></a>\n\n<a name="two"></a>'), ["one", "two"]);
});

test("the links of this checkout are in order", async (t) => {
  const { code, stdout, stderr } = await runNode([
    fileURLToPath(new URL("../../../scripts/check-links.mjs", import.meta.url)),
  ]);
  t.is(code, 0, stderr);
  t.is(stdout, "links: in order\n");
});
