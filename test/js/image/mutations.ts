import type { ExecutionContext } from "ava";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { decodeSamples } from "../../../lib/image/decode-samples.js";

/**
 * Changes files at random places, cuts them and mixes them, and asserts that each is decoded to as many values as its size
 * takes, or refused as `INVALID_IMAGE` in a message of one line and of 500 characters at most.
 */
export async function refusesMutations(
  t: ExecutionContext,
  files: readonly Buffer[],
  rounds = 1500,
): Promise<void> {
  let state = 12_345;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const outcomes = { decoded: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const original = files[round % files.length]!;
    const changed = Buffer.from(original);
    // Headers decide most: change them as often as all the rest.
    const reach = random(2) === 0 ? Math.min(64, changed.length) : changed.length;
    for (let change = 0; change <= random(4); change++) {
      const values = [0, 1, 2, 255, 127, 128, random(256), changed[random(changed.length)]!];
      changed[random(reach)] = values[random(values.length)]!;
    }
    const file = random(4) === 0 ? changed.subarray(0, random(changed.length)) : changed;
    try {
      const { data, width, height, channels } = await decodeSamples(file, "a");
      if (data.length !== width * height * channels) t.fail(`${data.length} values of ${width} x ${height}`);
      outcomes.decoded++;
    } catch (error) {
      if (!(error instanceof ReverseDistillationError) || error.code !== "INVALID_IMAGE") throw error;
      if (!/^.{1,500}$/.test(error.message)) t.fail(error.message);
      outcomes.refused++;
    }
  }
  t.true(outcomes.decoded > rounds / 20 && outcomes.refused > rounds / 20, JSON.stringify(outcomes));
}
