import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { Browser, Page } from "playwright-core";
import { evaluate } from "../../../lib/evaluation/evaluate.js";
import { calibrationOf } from "../../../lib/calibration/calibration.js";
import { datasetFromLists } from "../../../lib/evaluation/dataset.js";
import { Random } from "../../../lib/random.js";
import { Gallery } from "../../../lib/report/gallery.js";
import { writeReportPage } from "../../../lib/report/write.js";
import { openBrowser, testWithBrowser } from "../support/browser.js";
import { writePicture } from "../support/dataset-fixtures.js";
import { encoder, noise } from "../support/image-fixtures.js";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const inBrowser = testWithBrowser();
const folder = mkdtempSync(join(tmpdir(), "report-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Names that break out of HTML where they are not escaped. */
const hostile = [
  '"><script>document.title="broken in"</script>.png',
  "<img src=x onerror=alert(1)>'&amp;.png",
] as const;
const names = ["a.png", "b.png", ...hostile.map((name) => name.replaceAll("/", "\u2215")), "e.png", "f.png"];
const scores = [1, 4, 2, 3, 5, 6];
const labels = ["good", "good", "good", 'a "scratch"', "<b>dent", "<b>dent"];

let browser: Browser | undefined;
test.after.always(() => browser?.close());

/** A page of six images: a good one that scores above a defect, and two with hostile names. */
async function writePage(side = 64, count = names.length): Promise<string> {
  const gallery = new Gallery();
  const random = new Random("pages");
  const items: { image: string; label: string }[] = [];
  for (let image = 0; image < count; image++) {
    const path = join(folder, names[image] ?? `${image}.png`);
    await encoder(noise(side, side, 3, image + 1))
      .png()
      .toFile(path);
    items.push({ image: path, label: labels[image] ?? "good" });
  }
  const mask = join(folder, "mask.png");
  await writePicture(mask, ["##..", "....", "....", "...."]);
  const data = datasetFromLists({
    test: items.map((item) => (item.label === "good" ? item : { ...item, mask })),
  });
  const thresholds = { reject: 4.5, review: 3.5, outline: 2 };
  const scorer = {
    thresholds,
    score(path: string) {
      const image = items.findIndex((item) => item.image === path);
      const values = Float32Array.from({ length: 1024 }, () => random.between(0, scores[image] ?? 0.5));
      return Promise.resolve({ score: scores[image] ?? 0.5, map: { data: values, height: 32, width: 32 } });
    },
  };
  const report = await evaluate(scorer, data, {
    onScored: ({ image }, { map }) => gallery.add(image, map),
  });
  const path = join(folder, `${count}.html`);
  const facts = [["model", hostile[0]]] as const;
  const calibration = calibrationOf({
    scores: Array.from({ length: 40 }, (_, i) => 3 + i / 20),
    ...{ falseAlarms: 0.05, review: 0.2, extrapolate: false, outline: 2 },
  });
  const content = {
    ...{ title: hostile[1], facts, images: report.images, report, thresholds, calibration },
    losses: [0.5, 0.25, 0.125],
  };
  await writeReportPage(path, gallery, content, { signal: new AbortController().signal });
  return path;
}

interface Opened {
  page: Page;
  /** What went wrong in the page, and what it tried to load. */
  trouble: string[];
}

async function open(
  path: string,
  colorScheme: "light" | "dark" = "light",
  bypassCSP = false,
): Promise<Opened> {
  browser ??= await openBrowser();
  const context = await browser.newContext({ colorScheme, bypassCSP });
  const page = await context.newPage();
  const trouble: string[] = [];
  page.on("console", (message) => trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const address = pathToFileURL(path).href;
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) trouble.push(request.url());
  });
  await page.goto(address);
  return { page, trouble };
}

/** The scores of the pictures that can be seen, in order. */
const shown = (page: Page) =>
  page.evaluate<number[]>(
    "[...document.querySelectorAll('.gallery li:not([hidden])')].map((item) => Number(item.dataset.score))",
  );

/** The points of an SVG path of straight lines. */
function pointsOf(path: string): { x: number; y: number }[] {
  return path
    .split(/[ML]/)
    .slice(1)
    .map((point) => point.split(" ").map(Number))
    .map(([x, y]) => ({ x: x!, y: y! }));
}

async function isClean(t: ExecutionContext, { page, trouble }: Opened): Promise<void> {
  t.deepEqual(trouble, []);
  await page.context().close();
}

inBrowser(
  "a page loads nothing else, writes nothing to the console, and shows hostile names as text",
  async (t) => {
    const opened = await open(await writePage());
    const { page } = opened;
    t.is(await page.title(), hostile[1]);
    t.is(await page.locator("h1").textContent(), hostile[1]);
    t.true((await page.locator("main").innerText()).includes(hostile[0]));
    t.is(await page.locator("script").count(), 1);
    t.is(await page.locator(".gallery img:visible").count(), 6);
    const broken = await page.evaluate(
      "[...document.querySelectorAll('.gallery img')].filter((image) => image.naturalWidth === 0).length",
    );
    t.is(broken, 0);
    t.is(await page.locator("svg[role=img]").count(), 5);
    t.true((await page.locator("svg").first().innerHTML()).includes("reject"));
    t.is(await page.locator("table").count(), 2);
    const card = await page.locator("section", { has: page.locator("#calibration") }).innerText();
    t.regex(card, /the scores of 40 good images/);
    t.regex(
      card,
      /rejected from 4\.9\s+at most 5 % on average of good parts; 95 % interval .* 0\.61 % to 13 %/,
    );
    t.regex(card, /Other thresholds are in force/);
    const curve = page.locator('svg[aria-label="Loss by epoch. From 0.5 to 0.125 after 3 epochs."]');
    const [first, second, third] = pointsOf((await curve.locator(".curve").getAttribute("d"))!);
    t.is(second!.x - first!.x, third!.x - second!.x);
    t.is(second!.y - first!.y, 2 * (third!.y - second!.y));
    await isClean(t, opened);
  },
);

inBrowser(
  "the gallery begins with the worst misses, and is ordered and filtered with the keyboard alone",
  async (t) => {
    const opened = await open(await writePage());
    const { page } = opened;
    // The good image of 4 and the defect of 3 are on the wrong sides of each other.
    t.deepEqual((await shown(page)).slice(0, 2).sort(), [3, 4]);
    const choose = async (id: string, option: string) => {
      for (let tabs = 0; (await page.evaluate("document.activeElement.id")) !== id; tabs++) {
        t.true(tabs < 60, `${id} is not reached with the tabulator key`);
        await page.keyboard.press("Tab");
      }
      await page.keyboard.type(option);
    };
    await choose("order", "lowest");
    t.deepEqual(await shown(page), [1, 2, 3, 4, 5, 6]);
    await choose("label", "<b>dent");
    t.deepEqual(await shown(page), [5, 6]);
    t.is(await page.locator("#count").textContent(), "2 images");
    await choose("shown", "images");
    t.is(await page.locator(".gallery button[aria-pressed=false]:visible").count(), 2);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    t.is(await page.locator(".gallery button[aria-pressed=false]:visible").count(), 1);
    t.is(await page.locator(".gallery img:visible").count(), 2);
    await isClean(t, opened);
  },
);

inBrowser("a column's title sorts the table, down and then up", async (t) => {
  const opened = await open(await writePage());
  const { page } = opened;
  const table = page.locator("table").first();
  const kinds = () => table.locator("tbody th").allTextContents();
  const before = await kinds();
  t.deepEqual(before, ["<b>dent", 'a "scratch"', "all"]);
  const images = table.getByRole("button", { name: "images", exact: true });
  await images.focus();
  await page.keyboard.press("Enter");
  t.deepEqual(await kinds(), ["all", "<b>dent", 'a "scratch"']);
  t.is(await page.locator("th[aria-sort=descending]").count(), 1);
  await page.keyboard.press("Space");
  t.deepEqual(await kinds(), ['a "scratch"', "<b>dent", "all"]);
  await isClean(t, opened);
});

for (const scheme of ["light", "dark"] as const) {
  inBrowser(`axe-core finds nothing to improve in a ${scheme} page`, async (t) => {
    // The page's own policy keeps axe-core out.
    const opened = await open(await writePage(), scheme, true);
    await opened.page.addScriptTag({ path: axe });
    const violations = await opened.page.evaluate(
      "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
    );
    t.deepEqual(violations, []);
    await isClean(t, opened);
  });
}

inBrowser("a page of 100 images that hardly compress is smaller than 20 MB", async (t) => {
  t.timeout(120_000);
  const path = await writePage(400, 100);
  const { size } = statSync(path);
  t.true(size < 20e6, `${size} bytes`);
  const opened = await open(path);
  t.is(await opened.page.locator(".gallery img:visible").count(), 100);
  await isClean(t, opened);
});
