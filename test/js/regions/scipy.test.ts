import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findRegions, type AnomalyMap } from "../../../lib/index.js";
import { Random } from "../../../lib/random.js";
import { runPython, testWithScipy } from "../support/python.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const count = 4000;
const seed = 7;
const outline = 5;

/** For each map in a file of float32 values: its regions as [area, peak, mean, box, centroid, place of the peak]. */
const script = `
import json, sys
import numpy as np
from scipy import ndimage
values = np.fromfile(sys.argv[1], dtype=np.float32)
found, start = [], 0
for height, width in json.loads(sys.argv[2]):
    area = values[start:start + height * width].reshape(height, width)
    start += height * width
    labels, number = ndimage.label(area >= ${outline}, structure=np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    regions = []
    for i in range(1, number + 1):
        peak = float(ndimage.maximum(area, labels, i))
        if peak < ${seed}: continue
        ys, xs = boxes[i - 1]
        inside = labels == i
        regions.append([int(inside.sum()), peak, float(ndimage.mean(area.astype(float), labels, i)),
                        [xs.start, ys.start, xs.stop - xs.start, ys.stop - ys.start],
                        [float(v) for v in ndimage.center_of_mass(inside)][::-1],
                        [int(v) for v in ndimage.maximum_position(area, labels, i)][::-1]])
    found.append(sorted(regions, key=lambda region: -region[1]))
print(json.dumps(found))
`;

type Described = [
  area: number,
  peak: number,
  mean: number,
  box: number[],
  centroid: number[],
  peakAt: number[],
];

/** A map of noise, smoothed or not, so that regions are of many sizes and shapes. */
function randomMap(random: Random): AnomalyMap {
  const [height, width] = [1 + random.below(24), 1 + random.below(90)];
  const noise = Float32Array.from({ length: height * width }, () => random.below(10));
  const reach = random.below(3);
  const near = (y: number, x: number) =>
    noise[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))]!;
  const data = noise.map((_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return Math.max(...[0, reach].flatMap((dy) => [0, reach].map((dx) => near(y + dy, x + dx))));
  });
  return { data: reach === 0 ? noise : data, height, width };
}

testWithScipy()(`the regions of ${count} random maps are those of scipy.ndimage.label`, async (t) => {
  const random = new Random(21);
  const maps = Array.from({ length: count }, () => randomMap(random));
  const file = join(await temporaryFolder(t), "maps");
  await writeFile(file, Buffer.concat(maps.map(({ data }) => new Uint8Array(data.buffer))));
  const sizes = JSON.stringify(maps.map(({ height, width }) => [height, width]));
  const expected = runPython(script, file, sizes) as Described[][];
  let compared = 0;
  for (const [i, map] of maps.entries()) {
    const found = (await findRegions(map, { seed, outline })).map(
      ({ area, peak, mean, box, centroid }): Described => [
        area,
        peak.value,
        mean,
        [box.left, box.top, box.width, box.height],
        // SciPy's coordinates are those of centres.
        [centroid.x - 0.5, centroid.y - 0.5],
        [peak.x - 0.5, peak.y - 0.5],
      ],
    );
    t.is(found.length, expected[i]!.length, `map ${i}`);
    for (const [j, region] of found.entries()) {
      const differs = region
        .flat()
        .findIndex((value, k) => !(Math.abs(value - expected[i]![j]!.flat()[k]!) < 1e-6));
      t.is(differs, -1, `map ${i}, region ${j}`);
      compared++;
    }
  }
  t.log(`${compared} regions`);
  t.true(compared > 2 * count);
});
