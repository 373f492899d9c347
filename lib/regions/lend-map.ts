import { ReverseDistillationError } from "../errors/error.js";
import { inPieces, inTurns, type Work } from "../errors/long-work.js";
import { reading } from "../errors/reading.js";
import { invalid } from "../errors/validate.js";
import { checkedMap, type AnomalyMap } from "../image/anomaly-map.js";
import type { LentMap } from "../native/addon.js";

/**
 * A copy of a caller's map and its mask, or of the mask that is given, for native code, which reads them on another thread: their owner may transfer their
 * memory away meanwhile. A large map is copied in turns with everything else on the event loop.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `ABORTED`
 */
export async function lendMap(map: AnomalyMap, given?: Uint8Array, signal?: AbortSignal): Promise<LentMap> {
  const { data, height, width, part, mask: own } = reading("map", () => checkedMap(map));
  const mask = given ?? own;
  if (data.length === 0) throw invalid("map", "a map of at least one value", `${height} x ${width} values`);
  if (mask !== undefined && mask.length !== data.length)
    throw invalid("mask", `as large as the map of ${height} x ${width} pixels`, `${mask.length} values`);
  return inTurns(copied({ data, height, width, ...(mask && { mask }), ...(part && { part }) }), signal);
}

function* copied({ data, height, width, mask, part }: LentMap): Work<LentMap> {
  const copy = allocate(() => ({
    data: new Float32Array(data.length),
    height,
    width,
    ...(mask && { mask: new Uint8Array(mask.length) }),
    ...(part && { part }),
  }));
  yield* inPieces(copy.data.length, (from, to) => {
    requirePresent(data, mask, copy.data.length);
    copy.data.set(data.subarray(from, to), from);
    if (mask !== undefined) copy.mask!.set(mask.subarray(from, to), from);
  });
  if (copy.mask?.every((value) => value === 0)) {
    throw new ReverseDistillationError(
      "INVALID_ARGUMENT",
      "mask must have a pixel other than 0; all of them are 0, so the region of interest is empty.",
    );
  }
  return copy;
}

function allocate(make: () => LentMap): LentMap {
  try {
    return make();
  } catch (error) {
    const message = "There is not enough memory for a copy of the map.";
    throw new ReverseDistillationError("OUT_OF_MEMORY", message, { cause: error });
  }
}

/** Arrays whose memory is gone have no values. */
function requirePresent(data: Float32Array, mask: Uint8Array | undefined, length: number): void {
  if (data.length === length && (mask === undefined || mask.length === length)) return;
  throw new ReverseDistillationError(
    "INVALID_ARGUMENT",
    "The memory of the map or its mask was transferred or detached while it was copied. Pass a copy.",
  );
}
