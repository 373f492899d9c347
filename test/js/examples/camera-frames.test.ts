import test from "ava";
import { noise } from "../support/image-fixtures.js";
import { runExample, setUpWorkshop } from "./run-example.js";

test("the example scores each raw frame as the detector does, and says that the last one is cut short", async (t) => {
  const { detector, model } = await setUpWorkshop(t, [64, 96]);
  const frames = [1, 2, 3, 4].map((seed) => noise(120, 80, 3, seed));
  const expected = await Promise.all(frames.map((frame) => detector.score(frame)));
  const scores = expected.map(({ score }) => score);
  const threshold = (Math.min(...scores) + Math.max(...scores)) / 2;

  const bytes = Buffer.concat([...frames.map(({ data }) => Buffer.from(data)), Buffer.alloc(1000)]);
  const args = [model, "120", "80", "--threshold", String(threshold)];
  const { code, stdout, stderr } = await runExample("camera-frames.ts", args, { input: bytes });
  t.is(code, 0, stderr);
  t.regex(stderr, /The last frame is cut short: 1000 of 28800 bytes\./);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  t.is(lines.length, 4);
  for (const [i, [index, score, place, verdict]] of lines.entries()) {
    t.is(index, String(i));
    t.true(Math.abs(Number(score) - scores[i]!) < 1e-5, `${score}, ${scores[i]}`);
    const [x, y] = place!.split(",").map(Number);
    const at = expected[i]!.map.data.indexOf(scores[i]!);
    t.is(x, Math.round(((at % 96) / 96) * 120));
    t.is(y, Math.round((Math.floor(at / 96) / 64) * 80));
    t.is(verdict, scores[i]! > threshold ? "anomalous" : "normal");
  }
});
