/**
 * Kills processes that write to the store of the inspection service, at random moments, and looks whether anything is
 * lost that they were told is kept. Prints what was found; fails if anything is wrong.
 *
 *   npm run kills -- [--kills 200]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killAgainAndAgain } from "../service/test/support/kill-trial.js";

const { values } = parseArgs({ options: { kills: { type: "string", default: "200" } } });
const folder = await mkdtemp(join(tmpdir(), "kills-"));
try {
  const kills = Number(values.kills);
  const { acknowledged, reviewed, rows, wrong } = await killAgainAndAgain(folder, kills, Math.random);
  console.log(
    `${kills} kills: ${acknowledged} parts and ${reviewed} reviews were acknowledged, ${rows} parts are there`,
  );
  for (const each of wrong) console.error(each);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
