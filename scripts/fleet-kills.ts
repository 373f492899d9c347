/**
 * Runs jobs on a fleet whose workers are killed every few seconds, and whose Redis is killed once, and looks whether each
 * job ends once, with the files that one undisturbed worker gives. Prints what was found; fails if anything is wrong.
 *
 *   npm run kills:fleet -- [--jobs 200] [--every 4]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killAgainAndAgain } from "../fleet/test/support/kill-trial.js";

const { values } = parseArgs({
  options: { jobs: { type: "string", default: "200" }, every: { type: "string", default: "4" } },
});
const folder = await mkdtemp(join(tmpdir(), "fleet-kills-"));
try {
  const report = await killAgainAndAgain(folder, Number(values.jobs), {
    everySeconds: Number(values.every),
    most: Infinity,
    random: Math.random,
  });
  const { jobs, kills, stalled, resumed, seconds, wrong } = report;
  console.log(
    `${jobs} jobs: ${kills} kills of workers and one of Redis; ${stalled} jobs were given to another worker, ${resumed} ` +
      `trainings went on from a checkpoint; ${seconds.killed} s, and ${seconds.alone} s on one worker without kills`,
  );
  for (const each of wrong) console.error(each);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
