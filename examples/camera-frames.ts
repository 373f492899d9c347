/**
 * Scores raw video frames as they come from a camera: RGB, 8 bits per channel, on the standard input.
 *
 *   ffmpeg -i rtsp://camera/stream -vf fps=5 -f rawvideo -pix_fmt rgb24 - |
 *     npx tsx camera-frames.ts parts.safetensors 640 480 --threshold 0.3
 *
 * Frames are read straight into memory that the detector reads from: JavaScript never copies a pixel. While one frame
 * is scored, the next is read into a second buffer; a camera that is faster than the detector has to wait.
 */
import { read } from "node:fs";
import { parseArgs, promisify } from "node:util";
import { Detector, type RawImage } from "reverse-distillation";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { threshold: { type: "string", default: "Infinity" } },
});
const [model, width, height] = positionals;
if (model === undefined || width === undefined || height === undefined) {
  console.error("usage: camera-frames.ts <model.safetensors> <width> <height> [--threshold <score>]");
  process.exit(2);
}

const readInto = promisify(read);
const threshold = Number(values.threshold);

await using detector = await Detector.load(model);
const allocate = () => detector.allocateImage(Number(width), Number(height), 3);
let [filling, scoring] = [allocate(), allocate()];
let previous = Promise.resolve();
for (let frame = 0; await fill(filling); frame++) {
  await previous;
  [filling, scoring] = [scoring, filling];
  previous = scoreFrame(frame, scoring);
}
await previous;

/** Fills an image with the next frame. Returns false at the end of the input. */
async function fill({ data }: RawImage): Promise<boolean> {
  for (let filled = 0; filled < data.length;) {
    const { bytesRead } = await readInto(0, data, filled, data.length - filled, null);
    if (bytesRead === 0) {
      if (filled > 0) console.error(`The last frame is cut short: ${filled} of ${data.length} bytes.`);
      return false;
    }
    filled += bytesRead;
  }
  return true;
}

async function scoreFrame(frame: number, image: RawImage): Promise<void> {
  const { score, map } = await detector.score(image);
  const worst = map.data.indexOf(score);
  // The map has the size of the model's images, not of the frame.
  const x = Math.round(((worst % map.width) / map.width) * image.width);
  const y = Math.round((Math.floor(worst / map.width) / map.height) * image.height);
  console.log(`${frame}\t${score.toFixed(6)}\t${x},${y}\t${score > threshold ? "anomalous" : "normal"}`);
}
