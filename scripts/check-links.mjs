/**
 * Checks the links of the Markdown files of the checkout: files and folders that are linked to exist, and so do the
 * headings that anchors name. Nothing is fetched: of links to other places only the form is checked.
 *
 *   node scripts/check-links.mjs
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import MarkdownIt from "markdown-it";

/**
 * A link that leads nowhere.
 *
 * @typedef {{ path: string, line: number, message: string }} BrokenLink
 */

/**
 * What a Markdown file links to, and what can be linked to in it.
 *
 * @typedef {{ links: { target: string, line: number }[], anchors: Set<string> }} Page
 */

const markdown = new MarkdownIt("default", { html: true });

/**
 * Checks the links of every Markdown file among some files.
 *
 * @param {string} root The folder that the paths are relative to.
 * @param {readonly string[]} paths All files that a link may lead to, with slashes.
 * @returns {BrokenLink[]}
 */
export function brokenLinks(root, paths) {
  const files = new Set(paths);
  const folders = new Set(paths.flatMap(foldersOf));
  const pages = new Map(
    paths
      .filter((path) => path.endsWith(".md"))
      .map((path) => [path, readPage(readFileSync(join(root, path), "utf8"))]),
  );

  /** @param {string} from @param {string} target @returns {string | undefined} what is wrong with it. */
  function problem(from, target) {
    if (/^[a-z][a-z\d+.-]*:/i.test(target)) return isExternal(target) ? undefined : "is not a web address";
    const [linked = "", anchor] = target.split("#");
    const path = linked === "" ? from : resolve(from, decodeURIComponent(linked));
    if (!files.has(path) && !folders.has(path)) return "does not exist";
    if (anchor === undefined) return undefined;
    const page = pages.get(path);
    if (page === undefined) return "names a heading, but is not a Markdown file";
    return page.anchors.has(decodeURIComponent(anchor)) ? undefined : "names a heading that does not exist";
  }

  return [...pages].flatMap(([path, { links }]) =>
    links.flatMap(({ target, line }) => {
      const message = problem(path, target);
      return message === undefined ? [] : [{ path, line, message: `${target} ${message}` }];
    }),
  );
}

/** @param {string} path @returns {string[]} the folders that it lies in. */
function foldersOf(path) {
  const folder = posix.dirname(path);
  return folder === "." ? ["."] : [folder, ...foldersOf(folder)];
}

/** @param {string} from @param {string} linked Relative to the folder of `from` or, with a slash, to the root. */
function resolve(from, linked) {
  const path = linked.startsWith("/") ? linked.slice(1) : posix.join(posix.dirname(from), linked);
  return posix.normalize(path).replace(/(.)\/$/, "$1");
}

/** @param {string} target */
function isExternal(target) {
  return URL.canParse(target) && /^(https?:\/\/[^/]|mailto:.+@.)/.test(target);
}

/** @param {string} text @returns {Page} */
export function readPage(text) {
  /** @type {Page} */
  const page = { links: [], anchors: new Set() };
  /** @type {Map<string, number>} */
  const seen = new Map();
  const tokens = markdown.parse(text, {});
  tokens.forEach((token, index) => {
    if (tokens[index - 1]?.type === "heading_open") page.anchors.add(anchorOf(textOf(token), seen));
    // A row of a table knows its line, its cells do not.
    const line = (token.map ?? tokens.slice(0, index).findLast(({ map }) => map)?.map ?? [0])[0] + 1;
    for (const part of [token, ...(token.children ?? [])]) {
      const target = part.attrGet("href") ?? part.attrGet("src");
      if (target !== null) page.links.push({ target, line });
      if (part.type.startsWith("html_")) readHtml(part.content, line, page);
    }
  });
  return page;
}

/** @param {string} html @param {number} line @param {Page} page */
function readHtml(html, line, page) {
  for (const [, name, value = ""] of html.matchAll(/\s(href|src|id|name)="([^"]*)"/g)) {
    if (name === "href" || name === "src") page.links.push({ target: value, line });
    else page.anchors.add(value);
  }
}

/** @param {import("markdown-it").Token} token @returns {string} its text without marks. */
function textOf({ children }) {
  const parts = (children ?? []).filter(({ type }) => type === "text" || type === "code_inline");
  return parts.map(({ content }) => content).join("");
}

/**
 * The anchor that GitHub gives a heading: in lower case, without punctuation, spaces as hyphens, and numbered where an
 * earlier heading has the same.
 *
 * @param {string} text
 * @param {Map<string, number>} seen Anchors so far, with how often each was wanted again.
 */
function anchorOf(text, seen) {
  const plain = text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{Nd}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
  let anchor = plain;
  while (seen.has(anchor)) {
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    anchor = `${plain}-${count}`;
  }
  seen.set(anchor, 0);
  return anchor;
}

/** @param {string} root @returns {string[]} what git tracks or would track, and is there. */
function trackedFiles(root) {
  const options = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", options, { cwd: root, encoding: "utf8" }).split("\0");
  return listed.filter((path) => path !== "" && existsSync(join(root, path)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const broken = brokenLinks(root, trackedFiles(root));
  for (const { path, line, message } of broken) console.error(`${path}:${line}: ${message}`);
  if (broken.length > 0) process.exitCode = 1;
  else console.log("links: in order");
}
