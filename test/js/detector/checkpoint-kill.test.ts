import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { ModelFile } from "../../../lib/model-file/file.js";
import { runSource } from "../support/child-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** How often a training is killed in all. `REVERSE_DISTILLATION_KILLS=50` for a thorough run. */
const wanted = Number(process.env.REVERSE_DISTILLATION_KILLS ?? 5);

/** A training of a few seconds, which writes checkpoints all the time; then its model. */
const source = (checkpoint: string | undefined, model: string) => `
  const checkpoint = ${JSON.stringify(checkpoint)};
  const more = Array.from({ length: 13 }, (_, index) => image(index));
  const detector = await train(more, {
    imageSize: 64, batchSize: 3, threads: 2, epochs: 12, seed: 7, device: "cpu",
    ...(checkpoint && { checkpoint: { path: checkpoint, everyEpochs: 1, everySeconds: 0.01 }, resume: true }),
    onProgress: ({ phase, epoch }) => process.stdout.write(phase + "\\n"),
  });
  await detector.save(${JSON.stringify(model)});
  await detector.dispose();
`;

async function hashOf(model: string): Promise<string> {
  const file = await ModelFile.open(model);
  try {
    await file.check();
    return file.metadata.hashes!.model;
  } finally {
    await file.close();
  }
}

test(`a training that is killed at ${wanted} random moments ends with the weights of an uninterrupted one`, async (t) => {
  t.timeout(wanted * 60_000 + 300_000);
  const folder = await temporaryFolder(t);
  const model = join(folder, "expected.safetensors");
  const started: number[] = [];
  const reference = await runSource(source(undefined, model), {
    onOutput: () => started.push(performance.now()),
  });
  t.is(reference.code, 0, reference.stderr);
  const expected = await hashOf(model);
  // From the first image that is read to the end of the last epoch.
  const length = started.at(-1)! - started[0]!;

  let [kills, resumptions, trainings] = [0, 0, 0];
  while (kills < wanted) {
    const own = join(folder, String(trainings++));
    mkdirSync(own);
    const [checkpoint, ended] = [join(own, "run.checkpoint"), join(own, "model.safetensors")];
    for (;;) {
      let due = kills < wanted;
      const { code, signal, stdout, stderr } = await runSource(source(checkpoint, ended), {
        onOutput(_, kill) {
          if (!due) return;
          due = false;
          setTimeout(() => kill("SIGKILL"), Math.random() * 0.7 * length);
        },
      });
      if (stdout.includes("resumed")) resumptions++;
      if (signal === "SIGKILL") {
        kills++;
        continue;
      }
      t.is(code, 0, stderr);
      break;
    }
    t.is(await hashOf(ended), expected);
    const left = readdirSync(own).sort();
    t.deepEqual(left, ["model.safetensors", "run.checkpoint", "run.checkpoint.previous"]);
  }
  t.log(
    `${kills} kills, ${resumptions} resumptions, ${trainings} trainings; uninterrupted ${Math.round(length)} ms`,
  );
  t.true(resumptions > 0);
});
