/** Run as a process of its own: what all metrics of a data set of usual size cost, as JSON. */
import { PixelScores, type PixelMap } from "../../../lib/evaluation/metrics/index.js";
import { Random } from "../../../lib/random.js";

const side = 256;
const pixels = side * side;
const random = new Random("budget");
const maps: PixelMap[] = [];
const masks: (Uint8Array | null)[] = [];
for (let image = 0; image < 83; image++) {
  const mask = new Uint8Array(pixels);
  for (let region = 0; region < 4; region++) {
    const corner = random.below(pixels - 20 * side - 20);
    for (let row = 0; row < 20; row++) mask.fill(1, corner + row * side, corner + row * side + 20);
  }
  const data = Float32Array.from(mask, (value) => random.normal() + value);
  maps.push({ data, height: side, width: side });
  masks.push(image < 20 ? null : mask);
}

const before = process.cpuUsage();
const scores = new PixelScores(maps.length * pixels);
maps.forEach((map, image) => scores.add(map, masks[image]!));
const metrics = scores.metrics();
const { user, system } = process.cpuUsage(before);
if (metrics.auroc === null || metrics.pro.dataset === null) throw new Error("the metrics are undefined");
console.log(
  JSON.stringify({
    images: scores.images,
    seconds: (user + system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
