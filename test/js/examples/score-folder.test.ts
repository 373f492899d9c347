import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { runExample, setUpWorkshop } from "./run-example.js";

interface Line {
  image: string;
  score: number;
  x: number;
  y: number;
}

test("the example scores a folder as the detector does, sorted or as JSON lines, and reports what is no image", async (t) => {
  const { sample, detector, model } = await setUpWorkshop(t, [64, 96]);
  const folder = join(sample, "test");
  const expected = new Map<string, Line>();
  for (const name of ["good/000.png", "good/001.png", "scratch/000.png", "scratch/001.png"]) {
    const image = join(folder, name);
    const { score, map } = await detector.score(image);
    const worst = map.data.indexOf(score);
    expected.set(image, { image, score, x: worst % 96, y: Math.floor(worst / 96) });
  }
  const check = (lines: Line[]) => {
    t.deepEqual(lines.map(({ image }) => image).sort(), [...expected.keys()].sort());
    for (const { image, score, x, y } of lines) {
      const wanted = expected.get(image)!;
      // Batches of other sizes round differently, and the table has four digits.
      t.true(Math.abs(score - wanted.score) < 1e-4, `${score}, ${wanted.score}`);
      t.deepEqual([x, y], [wanted.x, wanted.y]);
    }
  };

  const table = await runExample("score-folder.ts", [model, folder]);
  t.is(table.code, 0, table.stderr);
  const rows = table.stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, score, x, y, image] = /^(\d\.\d{4}) {2}(\d+),(\d+) +(\S+)$/.exec(line) ?? [];
      return { image: image!, score: Number(score), x: Number(x), y: Number(y) };
    });
  check(rows);
  t.deepEqual(
    rows.map(({ score }) => score),
    rows.map(({ score }) => score).sort((a, b) => b - a),
  );

  const broken = join(folder, "good", "002.png");
  await writeFile(broken, "no image");
  const lines = await runExample("score-folder.ts", [model, folder, "--json", "--concurrency", "2"]);
  t.is(lines.code, 1);
  t.true(lines.stderr.startsWith(`${broken} is not in a known image format`), lines.stderr);
  check(
    lines.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line),
  );
});
