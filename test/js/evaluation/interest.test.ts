import test from "ava";
import { comparedMask } from "../../../lib/evaluation/masks/compared.js";
import { MaskFindings } from "../../../lib/evaluation/masks/remarks.js";
import { pixelMetrics, PixelScores, type PixelMap } from "../../../lib/evaluation/metrics/index.js";
import { Random } from "../../../lib/random.js";

const [height, width] = [12, 16];
const inside = Uint8Array.from({ length: height * width }, (_, i) => Number(i % width >= 4 && i < 9 * width));

function maps(): { map: PixelMap; defects: Uint8Array | null }[] {
  const random = new Random(5);
  return Array.from({ length: 6 }, (_, image) => {
    const data = Float32Array.from({ length: height * width }, () => random.between(0, 1));
    // A defect across the edge of the region, and one outside.
    const defects = Uint8Array.from({ length: height * width }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return Number((x >= 2 && x < 7 && y >= 3 && y < 6) || y === 11);
    });
    return { map: { data, height, width }, defects: image < 2 ? null : defects };
  });
}

/** What lies inside, as a map of its own. */
function cropped(values: Float32Array | Uint8Array) {
  return values.filter((_, i) => inside[i] === 1);
}

test("pixels outside of the region of interest do not count in any metric", (t) => {
  const all = maps();
  const masked = all.map(({ map }) => ({ ...map, mask: inside }));
  const found = pixelMetrics(
    masked,
    all.map(({ defects }) => defects),
  );
  const small = all.map(({ map }) => ({ data: cropped(map.data) as Float32Array, height: 9, width: 12 }));
  const smallDefects = all.map(({ defects }) => defects && (cropped(defects) as Uint8Array));
  t.deepEqual(found, pixelMetrics(small, smallDefects));
  const whole = pixelMetrics(
    all.map(({ map }) => map),
    all.map(({ defects }) => defects),
  );
  t.notDeepEqual(found, whole);

  const scores = new PixelScores();
  const other = new PixelScores();
  for (const [i, map] of masked.entries()) {
    scores.add(map, all[i]!.defects);
    other.add(small[i]!, smallDefects[i]!);
  }
  const fprBounds = [0.01, 0.3] as const;
  t.deepEqual(scores.aupimo({ fprBounds }), other.aupimo({ fprBounds }));
});

test("a defect that an excluded strip divides counts as two regions", (t) => {
  const scores = new PixelScores();
  const map = { data: Float32Array.of(3, 3, 1, 2), height: 1, width: 4, mask: Uint8Array.of(1, 1, 0, 1) };
  scores.add(map, Uint8Array.of(1, 1, 1, 1));
  scores.add({ data: Float32Array.of(2.5, 0, 0), height: 1, width: 3 }, null);
  // Half of the regions is found before the first false alarm, a third of the normal pixels, and all of them after it.
  t.is(scores.pro({ maxFpr: 1 }).dataset!.toFixed(6), ((1 / 2) * (1 / 3) + 2 / 3).toFixed(6));
});

test("a mask of a map that does not fit is refused", (t) => {
  const scores = new PixelScores();
  const map = { data: new Float32Array(4), height: 2, width: 2 };
  t.throws(() => scores.add({ ...map, mask: new Uint8Array(3) }, null), {
    code: "INVALID_ARGUMENT",
    message: /A map's mask must be 4 values, as the map has; got 3/,
  });
  t.throws(() => scores.add({ ...map, mask: [1, 1, 1, 1] as unknown as Uint8Array }, null), {
    message: /A map's mask must be a Uint8Array/,
  });
});

test("a report notes masks that mark nothing inside of the region of interest", (t) => {
  const findings = new MaskFindings();
  const item = { image: "a.png", label: "crack", mask: "mask.png" };
  const map = { data: new Float32Array(4), height: 2, width: 2, mask: Uint8Array.of(1, 1, 0, 0) };
  const read = (pixels: Uint8Array) => ({
    masks: [{ path: "mask.png", pixels, height: 2, width: 2, count: 1, remarks: [] }],
    otherProportions: false,
  });
  comparedMask(item, read(Uint8Array.of(0, 1, 0, 0)), map, findings);
  t.deepEqual(findings.notes(), []);
  comparedMask(item, read(Uint8Array.of(0, 0, 1, 0)), map, findings);
  t.deepEqual(findings.notes(), [
    "1 mask marks nothing inside of the region of interest: its image counts as defective, and its pixels as good " +
      "(mask.png).",
  ]);
});
