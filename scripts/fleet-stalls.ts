/**
 * Trains for minutes on a worker of a fleet that computes on every core, and counts how often the queue takes it for
 * dead, which must be never.
 *
 *   npm run stalls -- [--minutes 10]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { trainForLong } from "../fleet/test/support/stall-trial.js";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const folder = await mkdtemp(join(tmpdir(), "fleet-stalls-"));
try {
  const { seconds, epochs, stalled, begun } = await trainForLong(
    folder,
    Number(values.minutes) * 60,
    30,
    256,
  );
  console.log(
    `a training of ${epochs} epochs and ${seconds} s: begun ${begun} times, ${stalled} jobs stalled`,
  );
  if (stalled > 0 || begun !== 1) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
