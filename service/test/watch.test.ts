import { appendFile, mkdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { noise } from "../../test/js/support/image-fixtures.js";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import type { PartEvent } from "../lib/index.js";
import { png, TestModels } from "./support/models.js";
import { running, until } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const storeTest = testWithSqlite();

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

interface Page {
  parts: { source: string; station: string; verdict: string; digest: string }[];
}

storeTest("each file of a watched folder is judged once, also after a restart", async (t) => {
  const folder = await temporaryFolder(t);
  const incoming = join(folder, "in");
  await mkdir(incoming);
  const jsonLines = join(folder, "out.jsonl");
  const settings = {
    store: join(folder, "store"),
    station: "line-3",
    watch: [`part=${incoming}`],
    jsonLines,
  };
  const first = await running(t, models, settings);
  const list = async (ask: typeof first.ask) => ((await (await ask("/parts")).json()) as Page).parts;
  const image = await png();
  const hostile = '<img src=x onerror="alert(1)">\n.png';

  // Half of a file, which grows as long as it is looked at.
  await writeFile(join(incoming, "slow.png"), image.subarray(0, 1000));
  for (let at = 1000; at < image.length; at += 500) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await appendFile(join(incoming, "slow.png"), image.subarray(at, at + 500));
  }
  await writeFile(join(incoming, ".hidden.png"), image);
  await rename(join(incoming, ".hidden.png"), join(incoming, hostile));
  await writeFile(join(incoming, "broken.png"), "no image");
  await writeFile(join(folder, "outside.png"), image);
  await symlink(join(folder, "outside.png"), join(incoming, "link.png"));
  await until("both are judged and one is refused", async () => {
    const refused = first.log.some(
      ({ msg, file }) => msg === "a file cannot be inspected" && file === "broken.png",
    );
    return refused && (await list(first.ask)).length === 2;
  });
  const parts = await list(first.ask);
  t.deepEqual(parts.map(({ source }) => source).sort(), [hostile, "slow.png"].sort());
  for (const { station, verdict, digest } of parts)
    t.deepEqual([station, verdict, digest], ["line-3", "reject", parts[0]!.digest]);
  await until(
    "both are sent",
    async () => (await readFile(jsonLines, "utf8")).trim().split("\n").length === 2,
  );
  await first.service.close();

  const second = await running(t, models, settings);
  await utimes(join(incoming, "slow.png"), new Date(), new Date());
  await writeFile(join(incoming, "new.png"), await png(noise(64, 48, 3, 101)));
  await until("the new one is judged", async () => (await list(second.ask)).length > 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.deepEqual(
    (await list(second.ask)).map(({ source }) => source),
    ["new.png", ...parts.map(({ source }) => source)],
  );
  t.false(second.log.some(({ msg }) => msg === "a file cannot be inspected"));
  await writeFile(join(incoming, "new.png"), await png(noise(64, 48, 3, 102)));
  await until("its new content is judged", async () => (await list(second.ask)).length === 4);
  await until(
    "all are sent",
    async () => (await readFile(jsonLines, "utf8")).trim().split("\n").length === 4,
  );
  const sent = (await readFile(jsonLines, "utf8"))
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as PartEvent).part.source);
  t.deepEqual(sent.slice(2), ["new.png", "new.png"]);
  const metrics = await (await second.ask("/metrics")).text();
  t.regex(metrics, /inspection_deliveries_total\{destination="json-lines",outcome="delivered"\} 2/);
});

storeTest("ways in and out need a store, and must exist", async (t) => {
  await t.throwsAsync(running(t, models, { watch: ["part=/tmp"] }), { message: /^watch needs a store/ });
  const store = join(await temporaryFolder(t), "store");
  await t.throwsAsync(running(t, models, { store, watch: ["/tmp"] }), {
    message: /watch must be <model>=<folder>/,
  });
  await t.throwsAsync(running(t, models, { store, watch: ["part=/tmp", "other=/tmp/"] }), {
    message: /"\/tmp" twice/,
  });
  await t.throwsAsync(running(t, models, { store, watch: [`part=${store}/absent`] }), { code: "ENOENT" });
  await t.throwsAsync(running(t, models, { store, webhook: "http://host/" }), { message: /webhookSecret/ });
});
