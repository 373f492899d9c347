import { chmodSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { train } from "../../../lib/index.js";
import { runSource, type Ended } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";
import { asOtherUser } from "../support/other-user.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

/**
 * Runs source as a user whose threads can be limited: \`model\` is the path of a model, \`allow(n)\` lets the user make n
 * more threads, and \`allow()\` as many as it likes.
 */
async function runLimited(folder: string, source: string): Promise<Ended | undefined> {
  const prefix = asOtherUser("tests of a limit on threads");
  if (prefix === undefined) return undefined;
  const model = join(folder, "model.safetensors");
  const options = { imageSize: 32, epochs: 1, batchSize: 2 };
  await using detector = await train([noise(32, 32, 3, 1), noise(32, 32, 3, 2)], options);
  await detector.save(model);
  chmodSync(folder, 0o777);
  chmodSync(model, 0o644);
  return await runSource(
    `
    const { spawn } = await import("node:child_process");
    const { once } = await import("node:events");
    const { threadsOfUser } = await import(root + "lib/doctor/limits.ts");
    const model = ${JSON.stringify(model)};
    // Started before there is a limit, since this process may then be unable to start another.
    const shell = spawn("sh", { stdio: ["pipe", "pipe", "inherit"] });
    const limit = async (count) => {
      shell.stdin.write("prlimit --pid " + process.pid + " --nproc=" + count + ": && echo done\\n");
      await once(shell.stdout, "data");
    };
    const allow = (more) => limit(more === undefined ? 4000 : threadsOfUser() + more);
    await limit(4000);
    await (await Detector.load(model)).dispose();
    ${source}
    shell.stdin.end();`,
    { prefix, env: { TMPDIR: folder, REVERSE_DISTILLATION_TRIAL: "0" } },
  );
}

test.serial("a process whose detectors could not be made for want of threads ends by itself", async (t) => {
  const result = await runLimited(
    await temporaryFolder(t),
    `await allow(0);
     for (let i = 0; i < 3; i++) {
       await Detector.load(model).then(
         () => console.log("loaded"),
         ({ code, message }) => console.log(code, /Raise the limit/.test(message)),
       );
     }
     await allow();
     const detector = await Detector.load(model);
     console.log((await detector.score(images[0])).score > 0);
     await detector.dispose();`,
  );
  if (result === undefined) return t.pass();
  const refused = "OUT_OF_MEMORY true\n".repeat(3);
  t.deepEqual([result.code, result.signal, result.stdout], [0, null, `${refused}true\n`], result.stderr);
});

test.serial(
  "however few threads there are, loading and scoring work or fail with OUT_OF_MEMORY",
  async (t) => {
    const result = await runLimited(
      await temporaryFolder(t),
      `const outcomes = [];
     for (let more = 0; more < 12; more++) {
       await allow(more);
       let outcome = "worked";
       try {
         const detector = await Detector.load(model, { threads: 4 });
         await detector.score(images[0]).finally(() => detector.dispose());
       } catch ({ code }) {
         outcome = code;
       }
       outcomes.push(outcome);
     }
     console.log([...new Set(outcomes)].sort().join());`,
    );
    if (result === undefined) return t.pass();
    t.deepEqual([result.code, result.stdout], [0, "OUT_OF_MEMORY,worked\n"], result.stderr);
  },
);
