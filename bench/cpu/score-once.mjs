/**
 * Loads a model with the built package, scores one square RGB image and prints {"score", "peakBytes"}.
 *
 *   node bench/cpu/score-once.mjs <model> <file with the image's bytes> <side>
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Detector } from "../../dist/index.js";

const [model = "", image = "", side] = process.argv.slice(2);
const detector = await Detector.load(model, { device: "cpu" });
const data = new Uint8Array(await readFile(image));
const { score } = await detector.score({ data, width: Number(side), height: Number(side), channels: 3 });
// Not from getrusage, which starts with the memory of the parent process.
const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
console.log(JSON.stringify({ score, peakBytes: Number(kibibytes) * 1024 }));
await detector.dispose();
