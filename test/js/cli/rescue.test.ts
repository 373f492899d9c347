import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import test from "ava";
import { createProgram } from "../../../lib/cli/program.js";
import { Detector, type ErrorCode, type ReverseDistillationError } from "../../../lib/index.js";
import { folderOfImages } from "../support/image-fixtures.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

/** Runs the command line in this process; `onNote` is called with each line of progress. */
async function run(args: string[], onNote: (line: string) => void = () => {}): Promise<void> {
  const program = createProgram({
    signal: new AbortController().signal,
    interactive: false,
    print: () => {},
    note: onNote,
    markFailed: () => {},
    markRejected: () => undefined,
  });
  await program.parseAsync(args, { from: "user" });
}

const small = ["--image-size", "32", "--batch-size", "2", "--device", "cpu"];

test.serial(
  "a model that cannot be saved in the end is saved to a temporary folder, which the error names",
  async (t) => {
    const folder = await temporaryFolder(t);
    const [images, temporary, out] = [
      join(folder, "images"),
      join(folder, "tmp"),
      join(folder, "out", "m.safetensors"),
    ];
    mkdirSync(temporary);
    mkdirSync(dirname(out));
    await folderOfImages(images, 4, 32);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = temporary;
    t.teardown(() => (before === undefined ? delete process.env.TMPDIR : (process.env.TMPDIR = before)));
    const removeFolder = (line: string) =>
      line.startsWith("Training") && rmSync(dirname(out), { recursive: true });
    const work = run(["train", images, "--out", out, "--epochs", "1", ...small], removeFolder);
    const error = await t.throwsAsync<ReverseDistillationError>(work, { code: "NOT_FOUND" });
    const saved =
      /^Cannot write .* does not exist\. The model was saved to (.*) instead; move it to a safe place\.$/.exec(
        error.message,
      )?.[1];
    t.is(dirname(dirname(saved ?? "")), temporary, error.message);
    t.is(basename(saved!), "m.safetensors");
    await using detector = await Detector.load(saved!);
    t.is(detector.training?.images, 4);
  },
);

test.serial("if there is no temporary folder either, the error says both", async (t) => {
  const folder = await temporaryFolder(t);
  const [images, out] = [join(folder, "images"), join(folder, "out", "m.safetensors")];
  mkdirSync(dirname(out));
  await folderOfImages(images, 2, 32);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, "none");
  t.teardown(() => (before === undefined ? delete process.env.TMPDIR : (process.env.TMPDIR = before)));
  const removeFolder = (line: string) =>
    line.startsWith("Training") && rmSync(dirname(out), { recursive: true });
  const work = run(
    ["train", images, "--out", out, "--epochs", "1", "--image-size", "64", "--device", "cpu"],
    removeFolder,
  );
  await t.throwsAsync(work, {
    code: "NOT_FOUND",
    message: /out does not exist\. It could not be saved to the folder for temporary files either: ENOENT/,
  });
});

test.serial("an output that cannot be written is refused before an image is read", async (t) => {
  const folder = await temporaryFolder(t);
  const images = join(folder, "images");
  // It cannot be decoded, so reading it would be another error.
  mkdirSync(images);
  writeFileSync(join(images, "broken.png"), "broken");
  const refused: [out: string, code: ErrorCode][] = [
    [join(folder, "none", "m"), "NOT_FOUND"],
    [images, "INVALID_ARGUMENT"],
    [join(images, "broken.png", "m"), "INVALID_ARGUMENT"],
    ["/proc/m.safetensors", "NOT_FOUND"],
  ];
  for (const [out, code] of refused) {
    const error = await t.throwsAsync<ReverseDistillationError>(
      run(["train", images, "--out", out, ...small]),
    );
    t.is(error.code, code, out);
  }
  t.deepEqual(readdirSync(folder), ["images"]);
});
