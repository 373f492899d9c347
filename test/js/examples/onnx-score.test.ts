import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { train } from "../../../lib/index.js";
import { runNode } from "../support/child-process.js";
import { folderOfImages } from "../support/image-fixtures.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const example = fileURLToPath(new URL("../../../examples/onnx-score.ts", import.meta.url));

/** Says at the end of a process whether LibTorch or the addon were loaded into it. */
const watch = `import { readFileSync } from "node:fs";
process.on("exit", () => {
  const maps = readFileSync("/proc/self/maps", "utf8");
  console.error(/libtorch|libc10|reverse_distillation.*node/.test(maps) ? "LOADED" : "not loaded");
});
`;

test("the example scores images as the detector does, without LibTorch", async (t) => {
  const folder = await temporaryFolder(t);
  const images = await folderOfImages(join(folder, "images"), 3);
  const paths = ["000.png", "001.png", "002.png"].map((name) => join(images, name));
  const model = join(folder, "model.onnx");
  await using detector = await train(images, { imageSize: [64, 96], epochs: 1 });
  const watcher = join(folder, "watch.mjs");
  await writeFile(watcher, watch);
  await detector.export(model, { format: "onnx" });

  const { code, stdout, stderr } = await runNode([example, model, ...paths], {
    node: ["--import", watcher],
  });
  t.is(code, 0, stderr);
  t.regex(stderr, /^not loaded$/m);
  const lines = stdout.trimEnd().split("\n");
  t.is(lines.length, 3);
  for (const [i, line] of lines.entries()) {
    const [score, place, path] = line.split("\t");
    const expected = await detector.score(paths[i]!);
    t.is(path, paths[i]);
    // The example resizes for itself, which may round a pixel in a thousand to the next grey level.
    t.true(Math.abs(Number(score) - expected.score) < 1e-2, `${score}, ${expected.score}`);
    t.regex(place!, /^\d+,\d+$/);
  }
});
