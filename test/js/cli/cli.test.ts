import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { Detector } from "../../../lib/index.js";
import { runCli } from "../support/child-process.js";
import { folderOfImages } from "../support/image-fixtures.js";

const folder = mkdtempSync(join(tmpdir(), "cli-"));
const parts = join(folder, "parts");
const model = join(folder, "model.safetensors");
const quick = ["--image-size", "64", "--epochs", "2", "--batch-size", "2"];

test.before(async () => {
  await folderOfImages(parts, 3);
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

test.serial(
  "train writes the model, and tells of it in plain lines where there is no terminal",
  async (t) => {
    const { code, stdout, stderr } = await runCli(["train", parts, "--out", model, ...quick]);
    t.is(code, 0, stderr);
    t.is(stdout, `Trained on 3 images; the model is in ${model}\n`);
    t.true(existsSync(model));
    t.regex(stderr, /^warning: The teacher \(resnet18\) has random weights because none were given/);
    t.regex(stderr, /^Reading 3\/3 images$/m);
    t.regex(stderr, /^Training 1\/2 epochs loss \d\.\d{4}, [\d.]+ images\/s, \d+ s left$/m);
    t.regex(stderr, /^Training 2\/2 epochs/m);
    t.false(stderr.includes("\u001b"), "no control characters");
  },
);

test.serial("score prints one line per image with its score and path", async (t) => {
  const { code, stdout, stderr } = await runCli(["score", model, parts]);
  t.is(code, 0, stderr);
  t.is(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  t.deepEqual(
    lines.map((line) => line.split("\t")[1]),
    ["000.png", "001.png", "002.png"].map((name) => join(parts, name)),
  );
  for (const line of lines) t.regex(line, /^\d+\.\d{6}\t/);
});

test.serial("score writes heatmaps of the images' sizes, in the places of the images", async (t) => {
  const images = join(folder, "images");
  await folderOfImages(join(images, "good"), 1, 50);
  await folderOfImages(join(images, "bad"), 2, 90);
  const heatmaps = join(folder, "heatmaps");
  const { code, stdout, stderr } = await runCli(["score", model, images, "--json", "--heatmaps", heatmaps]);
  t.is(code, 0, stderr);
  for (const line of stdout.trimEnd().split("\n")) {
    const { image, score, heatmap } = JSON.parse(line) as { image: string; score: number; heatmap: string };
    t.true(score > 0);
    t.is(heatmap, image.replace(images, heatmaps));
    const { width } = await sharp(heatmap).metadata();
    t.is(width, image.includes("good") ? 50 : 90);
  }
  t.deepEqual(readdirSync(heatmaps).sort(), ["bad", "good"]);
});

test.serial("images of one name in two folders get heatmaps of their own", async (t) => {
  const others = await folderOfImages(join(folder, "others"), 1);
  const heatmaps = join(folder, "heatmaps of two");
  const arguments_ = ["score", model, others, join(others, "000.png"), join(parts, "000.png")];
  const { code, stderr } = await runCli([...arguments_, "--heatmaps", heatmaps, "--heatmap-max", "2"]);
  t.is(code, 0, stderr);
  t.deepEqual(readdirSync(heatmaps, { recursive: true }).sort(), [
    "000-2.png",
    "000.png",
    "others",
    "others/000.png",
  ]);
});

test.serial("score goes on after a damaged image, and its exit code tells", async (t) => {
  const damaged = await folderOfImages(join(folder, "damaged"), 3);
  const broken = join(damaged, "001.png");
  truncateSync(broken, 200);
  const { code, stdout, stderr } = await runCli(["score", model, damaged, "--json", "--threshold", "0"]);
  t.is(code, 1);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { image: string; anomalous?: boolean; error?: { code: string } });
  t.deepEqual(
    lines.map(({ anomalous, error }) => error?.code ?? anomalous),
    [true, "INVALID_IMAGE", true],
  );
  t.true(stderr.startsWith(`${broken} cannot be decoded: `));
  t.is(stderr.trimEnd().split("\n").length, 1);
});

test.serial("a threshold puts a verdict beside each score", async (t) => {
  const { stdout } = await runCli(["score", model, join(parts, "000.png"), "--threshold", "1000"]);
  t.regex(stdout, /^\d+\.\d{6}\tnormal\t.*000\.png\n$/);
});

test.serial("sample draws a data set", async (t) => {
  const sample = join(folder, "sample");
  const options = ["--size", "64", "--train", "2", "--test-good", "1", "--test-per-defect", "1"];
  const { code, stdout, stderr } = await runCli(["sample", sample, ...options]);
  t.is(code, 0, stderr);
  t.regex(stdout, /^Drew the sample in .*sample: 2 training images, \d+ test images\n$/);
  t.is(readdirSync(join(sample, "train", "good")).length, 2);
});

const failures: [title: string, args: string[], code: number, message: RegExp][] = [
  [
    "no model file",
    ["score", join(folder, "none"), parts],
    1,
    /^error: Reading failed: .*none: no such .*\(NOT_FOUND\)$/,
  ],
  [
    "no image",
    ["score", model, join(folder, "none")],
    1,
    /^error: Looking for images failed: .*\(NOT_FOUND\)$/,
  ],
  ["a model file that is none", ["score", join(parts, "000.png"), parts], 1, /^error: .*\(INVALID_FILE\)$/],
  ["no folder of images", ["train", join(folder, "none"), "-o", model], 1, /^error: .*none.*\(NOT_FOUND\)$/],
  [
    "no folder for the model",
    ["train", parts, "-o", join(folder, "no", "m")],
    1,
    /^error: Cannot write .*\(NOT_FOUND\)$/,
  ],
  [
    "an image size of 250",
    ["train", parts, "-o", model, "--image-size", "250"],
    2,
    /^error: imageSize must be .* 250/,
  ],
  [
    "0 epochs",
    ["train", parts, "-o", model, "--epochs", "0"],
    2,
    /^error: epochs must be .*; got 0\. \(INVALID_ARGUMENT\)$/,
  ],
  [
    "a number that is none",
    ["train", parts, "-o", model, "--epochs", "x"],
    2,
    /^error: option '--epochs .*not a number/,
  ],
  [
    "a word that is not known",
    ["train", parts, "-o", model, "--loss", "l2"],
    2,
    /^error: .*choices are location, global/,
  ],
  ["no --out", ["train", parts], 2, /^error: required option '-o, --out <file>' not specified/],
  ["an option that is not known", ["score", model, parts, "--fast"], 2, /^error: unknown option '--fast'/],
  ["a command that is not known", ["trian"], 2, /^error: unknown command 'trian'/],
  [
    "--heatmap-max alone",
    ["score", model, parts, "--heatmap-max", "1"],
    2,
    /^error: .*only valid with --heatmaps/,
  ],
];
for (const [title, args, expected, message] of failures) {
  test.serial(`with ${title} the exit code is ${expected}, and one line says why`, async (t) => {
    const { code, stdout, stderr } = await runCli(args);
    t.is(code, expected, stderr);
    t.is(stdout, "");
    const [line, ...rest] = stderr.trimEnd().split("\n");
    t.regex(line!, message);
    t.true(rest.length === 0 || rest.every((more) => more.startsWith("(")), stderr);
  });
}

test.serial("--verbose prints the stack and the cause", async (t) => {
  const { stderr } = await runCli(["--verbose", "score", join(folder, "none"), parts]);
  t.regex(stderr, /^error: ReverseDistillationError: .*\n {4}at /);
  t.regex(stderr, /^Caused by: Error: ENOENT/m);
});

test.serial("--help and --version are printed, with the exit code 0", async (t) => {
  const help = await runCli(["--help"]);
  t.is(help.code, 0);
  for (const word of ["train", "score", "sample", "Exit codes"]) t.true(help.stdout.includes(word), word);
  t.deepEqual(await runCli(["--version"]), {
    code: 0,
    signal: null,
    stdout: `${manifest.version}\n`,
    stderr: "",
  });
});

const endless = ["--image-size", "64", "--epochs", "100000"];

for (const [signal, expected] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test.serial(
    `${signal} stops a training and saves the model as it is; the exit code is ${expected}`,
    async (t) => {
      const own = mkdtempSync(join(folder, "own-"));
      const out = join(own, "model.safetensors");
      writeFileSync(out, "old");
      const ended = await runCli(["train", parts, "-o", out, ...endless], {
        onOutput: (text, kill) => text.includes("Training 1/") && kill(signal),
      });
      t.deepEqual([ended.code, ended.signal], [expected, null], ended.stderr);
      t.regex(ended.stderr, /^Stopping after this batch\. Interrupt again to abort\.$/m);
      t.regex(ended.stdout, /^Stopped in epoch \d+, trained on 3 images; the model as it is now is in .*\n$/);
      t.deepEqual(readdirSync(own), ["model.safetensors"]);
      await using detector = await Detector.load(out);
      t.is(detector.training!.epochs, Number(/in epoch (\d+),/.exec(ended.stdout)![1]));
    },
  );
}

test.serial("a second signal aborts a training, and leaves the old file and no other", async (t) => {
  const own = mkdtempSync(join(folder, "own-"));
  const out = join(own, "model.safetensors");
  writeFileSync(out, "old");
  const { code, signal, stdout, stderr } = await runCli(["train", parts, "-o", out, ...endless], {
    onOutput(text, kill) {
      if (!text.includes("Training 1/")) return;
      // Two equal signals could become one.
      kill("SIGINT");
      kill("SIGTERM");
    },
  });
  t.deepEqual([code, signal, stdout], [143, null, ""], stderr);
  t.regex(stderr, /Interrupted\.\n$/);
  t.deepEqual(readdirSync(own), ["model.safetensors"]);
  t.is(readFileSync(out, "utf8"), "old");
});

test.serial("Ctrl-C before the first batch ends a training without a model", async (t) => {
  const own = mkdtempSync(join(folder, "own-"));
  const { code, stdout, stderr } = await runCli(["train", parts, "-o", join(own, "m"), ...endless], {
    onOutput: (text, kill) => text.includes("random weights") && kill("SIGINT"),
  });
  t.deepEqual([code, stdout], [130, ""], stderr);
  t.regex(stderr, /Interrupted\.\n$/);
  t.deepEqual(readdirSync(own), []);
});

test.serial("a stopped training resumes from its checkpoint, and says so", async (t) => {
  const own = mkdtempSync(join(folder, "own-"));
  const [out, checkpoint] = [join(own, "model.safetensors"), join(own, "run.checkpoint")];
  const args = ["train", parts, "-o", out, "--checkpoint", checkpoint, "--resume", "--image-size", "64"];
  // With the default, the learning rate depends on the number of epochs.
  args.push("--recipe", "paper");
  const stopped = await runCli([...args, "--epochs", "100000"], {
    onOutput: (text, kill) => text.includes("Training 2/") && kill("SIGINT"),
  });
  t.is(stopped.code, 130, stopped.stderr);
  const done = Number(/in epoch (\d+)/.exec(stopped.stdout)![1]);
  const { code, stdout, stderr } = await runCli([...args, "--epochs", String(done + 1)]);
  t.is(code, 0, stderr);
  t.regex(
    stderr,
    new RegExp(`^Resumed from ${checkpoint} after (${done}|${done - 1}) epochs?( and 1 batch)?$`, "m"),
  );
  t.is(stdout, `Trained on 3 images; the model is in ${out}\n`);
  t.deepEqual(readdirSync(own).sort(), ["model.safetensors", "run.checkpoint", "run.checkpoint.previous"]);
});

test.serial(
  "flags of checkpoints need --checkpoint, and checkpoints and the model need two paths",
  async (t) => {
    const lone = await runCli(["train", parts, "-o", model, "--checkpoint-every-epochs", "2"]);
    t.deepEqual([lone.code, lone.stdout], [2, ""]);
    t.regex(
      lone.stderr,
      /^error: --checkpoint-every-epochs and --checkpoint-every-seconds are only valid with/,
    );
    const same = await runCli(["train", parts, "-o", model, "--checkpoint", model, ...quick]);
    t.is(same.code, 2);
    t.regex(same.stderr, /^error: The checkpoints and the model cannot have the same path/m);
  },
);
