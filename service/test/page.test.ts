import { createRequire } from "node:module";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Browser, Page } from "playwright-core";
import { openBrowser, testWithBrowser } from "../../test/js/support/browser.js";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { addToken } from "../lib/access/tokens.js";
import type { GivenSettings } from "../lib/index.js";
import { png, TestModels } from "./support/models.js";
import { running, type Running } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const inBrowser = testWithBrowser();
const withStore = inBrowser === test.skip ? test.skip : testWithSqlite();

/** A file name that breaks out of HTML where it is not escaped. */
const hostile = '"><img src=x onerror=alert(1)><script>alert(2)<\u2215script>.png';
const sections = ["overview", "latest", "review", "calibrate", "card"] as const;
/** The machine may be busy with other tests. */
const patience = 60_000;

let models: TestModels;
let browser: Browser | undefined;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(async () => {
  await browser?.close();
  await models?.remove();
});

interface Opened {
  page: Page;
  /** What went wrong in the page, and what it asked of others. */
  trouble: string[];
  /** Bytes that came over the network, headers apart. */
  received: { bytes: number };
}

interface Looks {
  colorScheme?: "light" | "dark";
  /** The page's own policy keeps axe-core out. */
  bypassCSP?: boolean;
  viewport?: { width: number; height: number };
}

async function open(t: ExecutionContext, url: string, section: string, looks: Looks = {}): Promise<Opened> {
  t.timeout(300_000);
  browser ??= await openBrowser();
  const context = await browser.newContext(looks);
  context.setDefaultTimeout(patience);
  t.teardown(() => context.close());
  const page = await context.newPage();
  const trouble: string[] = [];
  const received = { bytes: 0 };
  page.on("console", (message) => trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(error.message));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) trouble.push(request.url());
  });
  page.on("requestfinished", (request) => {
    void request.sizes().then(({ responseBodySize }) => (received.bytes += responseBodySize));
  });
  await page.goto(`${url}/#${section}`);
  return { page, trouble, received };
}

/** Reaches something with the tabulator key alone. */
async function tabTo(t: ExecutionContext, page: Page, name: string | RegExp): Promise<void> {
  for (let tabs = 0; tabs < 80; tabs++) {
    await page.keyboard.press("Tab");
    const text = await page.evaluate<string>(
      "(() => { const e = document.activeElement; return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent; })()",
    );
    if (typeof name === "string" ? text.trim().startsWith(name) : name.test(text)) return;
  }
  t.fail(`${String(name)} is not reached with the tabulator key`);
}

/** A service with three rejected parts, one of them from a file with a hostile name, and an accepted one. */
async function inspected(t: ExecutionContext, settings: Partial<GivenSettings> = {}): Promise<Running> {
  const folder = await temporaryFolder(t);
  const watched = join(folder, "watched");
  await mkdir(watched);
  const image = await png();
  await writeFile(join(watched, hostile), image);
  const service = await running(t, models, {
    ...{ store: join(folder, "store"), watch: [`part=${watched}`], deadline: 120_000 },
    ...settings,
  });
  for (const version of [1, 2, 2])
    await service.ask(`/models/part/versions/${version}/inspect`, { method: "POST", body: image });
  const end = performance.now() + patience;
  while (performance.now() < end) {
    const { parts } = (await (await service.ask("/parts")).json()) as { parts: { source: string | null }[] };
    if (parts.some(({ source }) => source === hostile)) return service;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the file of the watched folder was not inspected");
}

withStore("the overview says what runs and how it goes, quickly, small, and from nowhere else", async (t) => {
  const { service, ask } = await inspected(t);
  const { page, trouble, received } = await open(t, service.url, "overview");
  await page.getByRole("heading", { name: "part", exact: true }).waitFor();
  await page.getByText("No drift in 3 parts").waitFor();
  t.is(await page.title(), "Overview – Inspection");
  t.regex(await page.locator(".figures").innerText(), /Parts, last hour\s+4[^]*reject\s+3 75 %/);
  t.is(await page.locator("svg[role=img]").count(), 2);
  t.true(received.bytes > 5000 && received.bytes < 200_000, String(received.bytes));
  await page.getByRole("button", { name: "Serve version 1" }).click();
  await page.getByText("Version 1 was chosen").waitFor();
  await page.getByRole("button", { name: "Serve the newest again" }).click();
  await page.getByText("Version 1 was chosen").waitFor({ state: "detached" });
  t.like(await (await ask("/models/part")).json(), { serving: 2, pinned: null });
  t.deepEqual(trouble, []);
  const response = await ask("/");
  const policy = response.headers.get("content-security-policy")!;
  t.regex(policy, /default-src 'none'/);
  t.notRegex(policy, /unsafe|https?:|\*/);
  t.notRegex(await response.text(), /<script>|<style|style=/);
});

withStore("parts come in as they are inspected, with map, outlines and hostile names as text", async (t) => {
  const { service, ask } = await inspected(t);
  const { page, trouble } = await open(t, service.url, "latest");
  await page.locator(".parts li").nth(3).waitFor();
  t.is(await page.locator(".parts li").count(), 4);
  t.is(await page.locator(".parts .source").textContent(), hostile);
  const [image, canvas] = [page.locator(".picture img"), page.locator(".picture canvas")];
  await image.waitFor();
  await canvas.waitFor();
  t.true((await page.locator(".picture polygon").count()) > 0);
  const slider = page.getByRole("slider", { name: "Map" });
  await slider.focus();
  const opacity = () => page.evaluate<string>("document.querySelector('canvas').style.opacity");
  await page.keyboard.press("Home");
  t.is(await opacity(), "0");
  await page.keyboard.press("End");
  t.is(await opacity(), "1");
  const drawn = await page.evaluate<number>(
    "(() => { const c = document.querySelector('canvas'); const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height); return data.reduce((most, value, at) => at % 4 === 3 ? Math.max(most, value) : most, 0); })()",
  );
  t.true(drawn > 100, String(drawn));
  await page.getByRole("checkbox", { name: "Outlines of regions" }).press("Space");
  t.is(await page.locator(".picture polygon").count(), 0);

  await ask("/models/part/inspect", { method: "POST", body: await png() });
  await page.locator(".parts li").nth(4).waitFor();
  await tabTo(t, page, "Show");
  await page.keyboard.type("accept");
  await page.getByText("The image is not kept").waitFor();
  t.is(await page.locator(".parts li").count(), 1);
  t.deepEqual(trouble, []);
});

withStore("the queue is worked through with the keyboard, and what is overruled is listed", async (t) => {
  const { service, ask } = await inspected(t);
  const { page, trouble } = await open(t, service.url, "overview");
  await tabTo(t, page, "Review");
  await page.keyboard.press("Enter");
  await page.getByText("3 to review.").waitFor();
  await page.locator(".queue:focus").waitFor();
  await page.keyboard.press("o");
  await page.getByText("Overruled reject.").waitFor();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("c");
  await page.getByText("Confirmed reject.").waitFor();
  await page.getByText("That was the last one.").waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("o");
  await page.getByText("0 to review.").waitFor();
  const { parts } = (await (await ask("/parts?reviewed=true")).json()) as {
    parts: { id: string; source: string | null; review: { decision: string } }[];
  };
  t.deepEqual(parts.map(({ review }) => review.decision).sort(), ["confirm", "overrule", "overrule"]);
  await tabTo(t, page, "For the next training");
  await page.keyboard.press("Enter");
  await page.locator("tbody tr").nth(1).waitFor();
  const downloading = page.waitForEvent("download");
  await tabTo(t, page, "Download the list");
  await page.keyboard.press("Enter");
  const path = join(await temporaryFolder(t), "list.json");
  await (await downloading).saveAs(path);
  const list = JSON.parse(await readFile(path, "utf8")) as { id: string }[];
  const overruled = parts.filter(({ review }) => review.decision === "overrule");
  t.deepEqual(list.map(({ id }) => id).sort(), overruled.map(({ id }) => id).sort());
  t.deepEqual(trouble, []);
});

inBrowser("thresholds are moved by keys and pointer, and written into a new version", async (t) => {
  const { service, folder, ask } = await running(t, models, { deadline: 120_000 });
  for (let i = 0; i < 3; i++) await ask("/models/part/inspect", { method: "POST", body: await png() });
  const { page, trouble } = await open(t, service.url, "calibrate");
  const [review, reject] = ["review", "reject"].map((name) =>
    page.getByRole("slider", { name: `Threshold for ${name}` }),
  ) as [ReturnType<Page["locator"]>, ReturnType<Page["locator"]>];
  await page.getByText("nothing: it is below all good parts").first().waitFor();
  await reject.focus();
  await page.keyboard.press("End");
  await page.getByText("at most 4.8 % on average").waitFor();
  await page.getByText("3 parts would have got another verdict.").waitFor();
  const value = async (handle: typeof review) => Number(await handle.inputValue());
  t.true((await value(reject)) > (await value(review)));
  // The review handle pushes the other one, never past it.
  const box = (await review.boundingBox())!;
  const at = box.x + 22 + ((box.width - 44) * (await value(review))) / (await value(reject));
  await page.mouse.move(at, box.y + 22);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 22, { steps: 5 });
  await page.mouse.up();
  const middle = (await value(review)) / (await value(reject));
  t.true(middle > 0.4 && middle < 0.6, String(middle));
  await tabTo(t, page, "Write as a new version");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("It serves as soon as it is loaded").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Write", exact: true }).press("Enter");
  await page.getByText("Version 3 was written.").waitFor();
  t.true((await readFile(join(folder, "part@3.safetensors"))).length > 0);
  t.deepEqual(trouble, []);
});

inBrowser("the card of a version has its training, calibration, hashes and counts", async (t) => {
  const { service } = await running(t, models);
  const { page, trouble } = await open(t, service.url, "card");
  await page.getByRole("heading", { name: "Training" }).waitFor();
  const text = await page.locator("main").innerText();
  t.regex(text, /SHA-256\s+[0-9a-f]{64}/);
  t.regex(text, /Calibrated on 20 good parts\. Other thresholds are in force/);
  t.regex(text, /run\.imagesSha256\s+[0-9a-f]{64}/);
  t.regex(text, /keeps no results/);
  await page.getByRole("combobox", { name: "Version" }).selectOption({ label: "part, version 1" });
  await page.getByText("part.safetensors").waitFor();
  t.deepEqual(trouble, []);
});

inBrowser("without a store, the page works and says what is missing", async (t) => {
  const { service } = await running(t, models);
  const { page, trouble } = await open(t, service.url, "overview");
  await page.getByText("Counted since the start of the service").waitFor();
  for (const name of ["Latest parts", "Review"]) {
    await page.getByRole("link", { name }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.getByText("This service keeps no results").waitFor();
  }
  t.deepEqual(trouble, []);
});

withStore("a token is asked for, decides on what can be done, and stays in the tab", async (t) => {
  const file = join(await temporaryFolder(t), "tokens");
  const line = await addToken(file, { role: "inspect", name: "line-3" });
  const { service, ask } = await running(t, models, {
    ...{ tokens: file, store: join(await temporaryFolder(t), "store"), deadline: 120_000 },
  });
  const headers = { authorization: `Bearer ${line}` };
  await ask("/models/part/inspect", { method: "POST", body: await png(), headers });
  const { page, trouble } = await open(t, service.url, "review");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  t.deepEqual(trouble, []);
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The service does not know this token.").waitFor();
  // The browser itself notes the refusal.
  t.true(trouble.splice(0).every((text) => text.includes("401")));
  await page.keyboard.type(line);
  await page.keyboard.press("Enter");
  await page.getByText("Your token may not review.").waitFor();
  await page.locator(".picture img").waitFor();
  t.is(await page.getByRole("button", { name: /Confirm/ }).count(), 0);
  t.deepEqual(await page.evaluate("[localStorage.length, document.cookie]"), [0, ""]);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  t.is(await page.evaluate("sessionStorage.length"), 0);
  t.deepEqual(trouble, []);
});

withStore(
  "axe-core finds nothing to improve, in light and dark, and nothing is too wide or small for a tablet",
  async (t) => {
    const { service } = await inspected(t);
    for (const colorScheme of ["light", "dark"] as const) {
      const viewport = { width: 768, height: 1024 };
      const { page, trouble } = await open(t, service.url, "overview", {
        colorScheme,
        bypassCSP: true,
        viewport,
      });
      await page.addScriptTag({ path: axe });
      for (const section of sections) {
        await page.evaluate(`location.hash = ${JSON.stringify(section)}`);
        await page.locator(".panel, .picture canvas, .columns").first().waitFor();
        const violations = await page.evaluate(
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
        );
        t.deepEqual(violations, [], `${section}, ${colorScheme}`);
        const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        t.true(Number(wide) <= 0, `${section} is ${String(wide)} pixels too wide`);
        const small = await page.evaluate(
          "[...document.querySelectorAll('button, select, nav a, input[type=text], input[type=range]')].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML)",
        );
        t.deepEqual(small, [], section);
      }
      t.deepEqual(trouble, []);
    }
  },
);
