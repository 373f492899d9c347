import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { Detector, openDataset, train, type Region } from "../../../lib/index.js";
import { runCli } from "../support/child-process.js";
import { folderOfImages, noise } from "../support/image-fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "cli-regions-"));
const parts = join(folder, "parts");
const model = join(folder, "model.safetensors");
const plain = join(folder, "plain.safetensors");
/** Between the values of the maps. */
let threshold: number;

test.before(async () => {
  await folderOfImages(parts, 2, 300);
  await using detector = await train([noise(64, 64, 3, 8), noise(64, 64, 3, 9)], {
    ...{ imageSize: 64, epochs: 1, device: "cpu" },
  });
  await detector.save(plain);
  const { map } = await detector.score(join(parts, "000.png"));
  threshold = map.data.slice().sort()[Math.floor(map.data.length * 0.9)]!;
  detector.setThresholds({ reject: threshold });
  await detector.save(model);
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test("score --regions counts regions in lines and describes them in JSON", async (t) => {
  const lines = await runCli(["score", model, parts, "--regions", "--verdict"]);
  t.is(lines.code, 0, lines.stderr);
  t.regex(lines.stdout, /^[\d.]+\treject\t[1-9]\d* regions?\t\S+000\.png$/m);
  const json = await runCli(["score", model, parts, "--regions", "--json"]);
  t.is(json.code, 0, json.stderr);
  const [first] = json.stdout.split("\n");
  const { regions, score } = JSON.parse(first!) as { regions: Region[]; score: number };
  t.true(lines.stdout.includes(`\t${regions.length} region`));
  t.is(regions[0]!.peak.value, score);
  t.true(regions.every(({ box, polygon }) => box.left + box.width <= 300.001 && polygon[0]!.length >= 4));
  const { stdout } = await runCli(["score", model, parts, "--json"]);
  t.false("regions" in (JSON.parse(stdout.split("\n")[0]!) as object));
});

test("heatmaps of score --regions outline the regions and mark the threshold", async (t) => {
  const drawn = async (name: string, ...more: string[]) => {
    const heatmaps = join(folder, name);
    const { code, stderr } = await runCli(["score", model, parts, "--heatmaps", heatmaps, ...more]);
    t.is(code, 0, stderr);
    return sharp(join(heatmaps, "000.png")).raw().toBuffer({ resolveWithObject: true });
  };
  const [with_, without] = [await drawn("with", "--regions"), await drawn("without")];
  t.deepEqual([with_.info.width, with_.info.height], [without.info.width, without.info.height]);
  t.true(with_.info.height > 300, "a legend is below the image");
  const white = ({ data }: { data: Buffer }, from: number, to: number) => {
    let count = 0;
    for (let i = from * 900; i < to * 900; i += 3)
      if (data[i]! + data[i + 1]! + data[i + 2]! === 765) count++;
    return count;
  };
  t.true(white(with_, 0, 300) > white(without, 0, 300) + 100);
  t.true(white(with_, 300, with_.info.height) > white(without, 300, without.info.height));
});

test("evaluate finds the regions that score finds, and its report outlines them", async (t) => {
  const set = join(folder, "set");
  await folderOfImages(join(set, "test", "good"), 2, 300);
  const dataset = await openDataset(set);
  await using detector = await Detector.load(model);
  const limits = { maxCount: 2 };
  const found: (Region[] | undefined)[] = [];
  await detector.evaluate(dataset, {
    regions: limits,
    onScored: (_, { regions }) => void found.push(regions),
  });
  const scored = await detector.scoreBatch(
    dataset.test.map(({ image }) => image),
    { regions: limits },
  );
  t.deepEqual(
    found,
    scored.map(({ regions }) => regions),
  );
  t.true(found.every((regions) => regions!.length === 2));

  const pictures = async (path: string) => {
    const page = join(folder, "page.html");
    const { code, stderr } = await runCli(["evaluate", path, set, "--report", page, "--batch-size", "1"]);
    t.is(code, 0, stderr);
    return readFileSync(page, "utf8").match(/data:image\/webp;base64,[^"]+/g)!;
  };
  const [with_, without] = [await pictures(model), await pictures(plain)];
  t.is(with_.length, without.length);
  t.notDeepEqual(with_, without);
});

test("a model without thresholds has no regions, and the command says what to do", async (t) => {
  const { code, stdout, stderr } = await runCli(["score", plain, parts, "--regions"]);
  t.is(code, 1);
  t.is(stdout, "");
  t.regex(stderr, /^error: The model \S+ is not calibrated\. Calibrate it on good parts/);
});
