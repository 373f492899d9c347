import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { train, type RawImage, type TrainOptions, type TrainProgress } from "../../../lib/index.js";
import { ModelFile } from "../../../lib/model-file/file.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const images = Array.from({ length: 5 }, (_, index) => noise(32, 64, 3, index + 1));
const small = { imageSize: [32, 64], batchSize: 2, device: "cpu", threads: 2, epochs: 6 } as const;

/** What the training ends with: the hash of the model and the losses. */
async function outcome(t: ExecutionContext, options: TrainOptions, source: RawImage[] = images) {
  await using detector = await train(source, options);
  const path = join(await temporaryFolder(t), "model.safetensors");
  await detector.save(path);
  const file = await ModelFile.open(path);
  await file.close();
  const { epochs, run } = detector.training!;
  return { hash: file.metadata.hashes!.model, losses: run!.losses, epochs };
}

const uninterrupted = new Map<string, ReturnType<typeof outcome>>();

/** The {@link outcome} of a training without a checkpoint: equal options give the same, and are trained with once. */
function expectedOutcome(t: ExecutionContext, options: TrainOptions = small) {
  const key = JSON.stringify(options);
  const trained = uninterrupted.get(key) ?? outcome(t, options);
  uninterrupted.set(key, trained);
  return trained;
}

/** A training that is stopped after this many epochs, with its checkpoint at `path`. */
async function interrupted(t: ExecutionContext, path: string, epochs: number, options: TrainOptions = {}) {
  const stop = new AbortController();
  const onProgress = (progress: TrainProgress) => {
    if (progress.phase === "training" && progress.epoch === epochs) stop.abort();
  };
  const checkpoint = { path, everySeconds: 1000 };
  return outcome(t, { ...small, checkpoint, ...options, stop: stop.signal, onProgress });
}

/** The messages of the process warnings of this package during the work. */
async function warnings(work: () => Promise<unknown>): Promise<string[]> {
  const messages: string[] = [];
  const listen = ({ name, message }: Error) => {
    if (name === "ReverseDistillationWarning" && !message.startsWith("The teacher")) messages.push(message);
  };
  process.on("warning", listen);
  try {
    await work();
    await new Promise(setImmediate);
  } finally {
    process.off("warning", listen);
  }
  return messages;
}

test.serial(
  "a training that is stopped and resumed ends with the weights and losses of an uninterrupted one",
  async (t) => {
    const path = join(await temporaryFolder(t), "run.checkpoint");
    const expected = await expectedOutcome(t);
    const stopped = await interrupted(t, path, 2);
    t.true(stopped.losses.length >= 2 && stopped.losses.length < 6, `${stopped.losses.length}`);
    t.deepEqual(stopped.losses.slice(0, 2), expected.losses.slice(0, 2));
    t.not(stopped.hash, expected.hash);
    const reports: TrainProgress[] = [];
    const resumed = await outcome(t, {
      ...small,
      checkpoint: { path, everySeconds: 1000 },
      resume: true,
      onProgress: (progress) => reports.push(progress),
    });
    t.deepEqual(resumed, expected);
    const [from] = reports.flatMap((report) => (report.phase === "resumed" ? [report] : []));
    t.is(from?.path, path);
    t.true(from!.epochs >= 2 && from!.epochs < 6, `${from!.epochs}`);
    t.deepEqual(
      reports.flatMap((report) => (report.phase === "training" ? [report.epoch] : [])),
      [1, 2, 3, 4, 5, 6].slice(from!.epochs),
    );
  },
);

test.serial("checkpoints are reported, and the one before is kept", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "run.checkpoint");
  const reports: TrainProgress[] = [];
  await outcome(t, {
    ...small,
    checkpoint: { path, everyEpochs: 2 },
    epochs: 5,
    onProgress: (p) => reports.push(p),
  });
  const written = reports.filter((report) => report.phase === "checkpoint");
  t.deepEqual(
    written,
    [2, 4, 5].map((epochs) => ({ phase: "checkpoint" as const, path, epochs, batches: 0 })),
  );
  t.deepEqual(readdirSync(folder).sort(), ["run.checkpoint", "run.checkpoint.previous"]);
  const progressIn = async (name: string) => {
    const file = await SafetensorsFile.open(name);
    await file.close();
    return JSON.parse(file.metadata.progress!) as { epochs: number; finished: boolean };
  };
  t.like(await progressIn(path), { epochs: 5, finished: true });
  t.like(await progressIn(`${path}.previous`), { epochs: 4, finished: false });
});

test.serial(
  "a finished training resumes to its result at once, and with a constant learning rate to more epochs as if it had never ended",
  async (t) => {
    const path = join(await temporaryFolder(t), "run.checkpoint");
    const checkpoint = { path, everySeconds: 1000 };
    const paper = { ...small, recipe: "paper" } as const;
    const first = await outcome(t, { ...paper, checkpoint });
    const before = statSync(path).mtimeMs;
    const reports: string[] = [];
    const onProgress = ({ phase }: TrainProgress) => reports.push(phase);
    t.deepEqual(await outcome(t, { ...paper, checkpoint, resume: true, onProgress }), first);
    t.deepEqual([...new Set(reports)], ["reading", "resumed"]);
    t.is(statSync(path).mtimeMs, before, "nothing was written");
    t.deepEqual(
      await outcome(t, { ...paper, epochs: 8, resume: path }),
      await expectedOutcome(t, { ...paper, epochs: 8 }),
    );
  },
);

test.serial("a training with automatic length resumes to the same length and weights", async (t) => {
  const path = join(await temporaryFolder(t), "run.checkpoint");
  const options = { ...small, epochs: "auto" } as const;
  const expected = await expectedOutcome(t, options);
  await interrupted(t, path, 7, options);
  t.deepEqual(await outcome(t, { ...options, resume: path }), expected);
});

test.serial("features that are computed again, or kept in a file, resume to the same weights", async (t) => {
  const folder = await temporaryFolder(t);
  for (const [name, where] of Object.entries({
    recomputed: { featureMemory: 0 },
    file: { featureMemory: 0, featureDisk: 2 ** 26 },
  })) {
    const path = join(folder, name);
    await interrupted(t, path, 1, where);
    t.deepEqual(
      await outcome(t, { ...small, ...where, resume: path }),
      await expectedOutcome(t, { ...small, ...where }),
      name,
    );
  }
});

test.serial(
  "without a checkpoint, resume: true starts from the beginning, and a path is an error",
  async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "none");
    await rejects(
      t,
      train(images, { ...small, resume: path }),
      "NOT_FOUND",
      /no checkpoint .*none to resume/,
    );
    const resumed = await outcome(t, { ...small, checkpoint: { path, everySeconds: 1000 }, resume: true });
    t.deepEqual(resumed, await expectedOutcome(t));
  },
);

test.serial(
  "other options, other images or another teacher are refused, and what differs is named",
  async (t) => {
    const path = join(await temporaryFolder(t), "run.checkpoint");
    await interrupted(t, path, 1);
    const before = readFileSync(path);
    const refused: [options: TrainOptions, message: RegExp, source?: RawImage[]][] = [
      [{ learningRate: 0.01 }, /learningRate is 0\.005 there and 0\.01 here/],
      [{ batchSize: 3, sigma: 5 }, /sigma is 4 there and 5 here; batchSize is 2 there and 3 here/],
      [{ imageSize: 64 }, /imageSize is 32 x 64 there and 64 x 64 here/],
      [{ backbone: "resnet34" }, /backbone is resnet18 there and resnet34 here/],
      [{ seed: 1 }, /seed is 0 there and 1 here; the teacher's weights are random \(SHA-256 [0-9a-f]{64}\)/],
      [{ loss: "global" }, /loss is location there and global here/],
      [{}, /the images are 5 with the SHA-256 \w+ there and 4 with the SHA-256 \w+ here/, images.slice(1)],
      [{}, /the images are 5 with .* and 5 with .* \(their order counts\)/, images.toReversed()],
    ];
    for (const [changed, message, source = images] of refused) {
      const work = train(source, { ...small, ...changed, checkpoint: { path }, resume: true });
      await rejects(t, work, "INVALID_ARGUMENT", message);
    }
    await interrupted(t, path, 3, { resume: true });
    const fewer = train(images, { ...small, epochs: 2, resume: path });
    await rejects(t, fewer, "INVALID_ARGUMENT", /[3-6] epochs.* are done there, and epochs is 2 here/);
    t.notDeepEqual(readFileSync(path), before);
  },
);

test.serial("another number of threads resumes with a warning", async (t) => {
  const path = join(await temporaryFolder(t), "run.checkpoint");
  await interrupted(t, path, 1);
  const messages = await warnings(() => outcome(t, { ...small, threads: 1, resume: path }));
  t.is(messages.length, 1);
  t.regex(messages[0]!, /differ by rounding.*the number of threads is 2 there and 1 here\.$/);
});

test.serial(
  "the checkpoint of an unfinished training is not overwritten by a new one, and other files are not either",
  async (t) => {
    const folder = await temporaryFolder(t);
    const path = join(folder, "run.checkpoint");
    await interrupted(t, path, 1);
    const before = readFileSync(path);
    const again = { ...small, checkpoint: { path, everySeconds: 1000 } };
    await rejects(
      t,
      train(images, again),
      "INVALID_ARGUMENT",
      /a training that was interrupted after [1-5] epochs?( and \d batch(es)?)?, and would be overwritten/,
    );
    t.true(readFileSync(path).equals(before));
    await outcome(t, { ...again, resume: true });
    await outcome(t, again);
    const other = join(folder, "other");
    writeFileSync(other, "something else");
    await rejects(t, train(images, { ...small, checkpoint: { path: other } }), "INVALID_FILE", /other/);
    t.is(readFileSync(other, "utf8"), "something else");
  },
);

test.serial(
  "a damaged checkpoint is refused by its hash, and the previous one is used if there is one",
  async (t) => {
    const path = join(await temporaryFolder(t), "run.checkpoint");
    const options = { ...small, checkpoint: { path }, resume: true };
    const expected = await outcome(t, options);
    const whole = readFileSync(path);
    const damage: [name: string, change: () => void][] = [
      ["cut short", () => truncateSync(path, whole.length - 1000)],
      ["empty", () => truncateSync(path, 0)],
      [
        "a changed weight",
        () => writeFileSync(path, whole.with(whole.length - 100_000, whole.at(-100_000)! ^ 1)),
      ],
      [
        "a changed word",
        () =>
          writeFileSync(
            path,
            Buffer.from(whole.toString("latin1").replace("location", "xocation"), "latin1"),
          ),
      ],
      ["missing", () => rmSync(path)],
    ];
    const previous = readFileSync(`${path}.previous`);
    for (const [name, change] of damage) {
      writeFileSync(path, whole);
      change();
      let resumed: unknown;
      const messages = await warnings(async () => (resumed = await outcome(t, options)));
      t.deepEqual(resumed, expected, name);
      t.is(messages.length, name === "missing" ? 0 : 1, name);
      if (name !== "missing")
        t.regex(messages[0]!, /resumes from the previous checkpoint, .*\.previous, because .*/, name);

      writeFileSync(path, whole);
      rmSync(`${path}.previous`, { force: true });
      change();
      if (name !== "missing") {
        await rejects(
          t,
          train(images, options),
          "INVALID_FILE",
          /no valid .*\.previous to use instead\. .* delete it to start/,
        );
      }
      writeFileSync(`${path}.previous`, previous);
    }
  },
);

test.serial(
  "a checkpoint that cannot be written does not end the training, and a warning says why",
  async (t) => {
    const folder = await temporaryFolder(t);
    const inner = join(folder, "inner");
    const path = join(inner, "run.checkpoint");
    const { mkdirSync } = await import("node:fs");
    mkdirSync(inner);
    const onProgress = ({ phase }: TrainProgress) => {
      if (phase === "reading" && existsSync(inner)) renameSync(inner, join(folder, "moved"));
    };
    let trained: { epochs: number } | undefined;
    const messages = await warnings(
      async () => (trained = await outcome(t, { ...small, epochs: 2, checkpoint: { path }, onProgress })),
    );
    t.is(trained?.epochs, 2);
    t.is(messages.length, 2);
    for (const message of messages) t.regex(message, /could not be written; .*inner does not exist/);
  },
);

test.serial("a checkpoint that cannot be written is found out before an image is read", async (t) => {
  const folder = await temporaryFolder(t);
  const read: string[] = [];
  const onProgress = ({ phase }: TrainProgress) => read.push(phase);
  const started = (path: string) => train(images, { ...small, checkpoint: { path }, onProgress });
  await rejects(t, started(join(folder, "none", "c")), "NOT_FOUND", /none does not exist/);
  await rejects(t, started("/proc/c"), "NOT_FOUND");
  await rejects(t, started(folder), "INVALID_ARGUMENT", /is a folder/);
  t.deepEqual(read, []);
});

test.serial("a stop before the first batch is an abort, with the reason as its cause", async (t) => {
  const reason = new Error("enough");
  const work = train(images, { ...small, stop: AbortSignal.abort(reason) });
  t.is((await rejects(t, work, "ABORTED", /enough/))?.cause, reason);
  const stop = new AbortController();
  const onProgress = () => stop.abort(reason);
  const reading = train(images, { ...small, stop: stop.signal, onProgress });
  t.is((await rejects(t, reading, "ABORTED", /enough/))?.cause, reason);
});

test.serial("a stop gives the detector as it is, and an abort after it gives none", async (t) => {
  const stop = new AbortController();
  const abort = new AbortController();
  const reports: number[] = [];
  const onProgress = (progress: TrainProgress) => {
    if (progress.phase !== "training") return;
    reports.push(progress.epoch);
    stop.abort();
  };
  const options = { ...small, epochs: 100_000, stop: stop.signal, signal: abort.signal };
  await using detector = await train(images, { ...options, onProgress });
  t.true(reports.length <= 2, `${reports.length}`);
  t.is(detector.training!.epochs, detector.training!.run!.losses.length);
  t.true((await detector.score(images[0]!)).score > 0);
  const both = new AbortController();
  const twice = () => {
    both.abort();
    abort.abort();
  };
  const second = train(images, {
    ...options,
    stop: both.signal,
    onProgress: ({ phase }) => phase === "training" && twice(),
  });
  await rejects(t, second, "ABORTED");
});
