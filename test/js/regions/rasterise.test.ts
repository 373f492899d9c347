import { fileURLToPath } from "node:url";
import test from "ava";
import { wholeImage, type MapPart } from "../../../lib/image/anomaly-map.js";
import type { RegionOfInterest, SharePoint, SharePolygon } from "../../../lib/options/roi.js";
import { Random } from "../../../lib/random.js";
import { rasterise } from "../../../lib/regions/rasterise.js";
import { runPython, testWithScipy } from "../support/python.js";

const left: SharePolygon = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
];
const middle: SharePolygon = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.75, 0.75],
  [0.25, 0.75],
];

function rows(roi: RegionOfInterest, height: number, width: number, part?: MapPart): string[] {
  const mask = rasterise(roi, { height, width, part });
  return Array.from({ length: height }, (_, y) => mask.subarray(y * width, (y + 1) * width).join(""));
}

test("include is a union, and exclude is taken away from it or from the whole image", (t) => {
  t.deepEqual(rows({ include: [left] }, 4, 4), ["1100", "1100", "1100", "1100"]);
  t.deepEqual(rows({ include: [left, middle] }, 4, 4), ["1100", "1110", "1110", "1100"]);
  t.deepEqual(rows({ include: [left], exclude: [middle] }, 4, 4), ["1100", "1000", "1000", "1100"]);
  t.deepEqual(rows({ exclude: [middle] }, 4, 4), ["1111", "1001", "1001", "1111"]);
});

test("a map that shows a part of the image gets that part of the region", (t) => {
  const rightHalf = { left: 0.5, top: 0, width: 0.5, height: 1 };
  t.deepEqual(rows({ include: [middle] }, 4, 4, rightHalf), ["0000", "1100", "1100", "0000"]);
  const mask = { height: 2, width: 4, runs: [2, 1, 3, 2] };
  t.deepEqual(rows({ mask }, 2, 4), ["0010", "0011"]);
  t.deepEqual(rows({ mask }, 4, 4, rightHalf), ["1100", "1100", "1111", "1111"]);
});

test("a mask larger than the map is sampled where the centres of the map's pixels are", (t) => {
  const mask = { height: 3, width: 6, runs: [7, 1, 2, 1, 7] };
  t.deepEqual(rows({ mask }, 1, 2), ["11"]);
  t.deepEqual(rows({ mask }, 3, 6), ["000000", "010010", "000000"]);
});

test("a polygon that crosses itself follows the even-odd rule", (t) => {
  const bow: SharePolygon = [
    [0, 0],
    [1, 1],
    [1, 0],
    [0, 1],
  ];
  t.deepEqual(rows({ include: [bow] }, 3, 6), ["100001", "111111", "100001"]);
  const twice: SharePolygon = [...left, ...left];
  t.throws(() => rows({ include: [twice] }, 4, 4), { message: /region of interest is empty/ });
});

test("polygons that share an edge share no pixel and leave none out", (t) => {
  const random = new Random(1);
  for (let round = 0; round < 200; round++) {
    // Every other point is the centre of a pixel, where edges and vertices lie on the lines that are sampled.
    const [x, y] =
      round % 2 === 0
        ? [random.between(0, 1), random.between(0, 1)]
        : [(random.below(17) + 0.5) / 17, (random.below(13) + 0.5) / 13];
    const halves = [
      [
        [0, 0],
        [1, 0],
        [x, y],
        [0, 1],
      ],
      [
        [1, 0],
        [1, 1],
        [0, 1],
        [x, y],
      ],
    ] as const;
    const map = { height: 13, width: 17 };
    const counts = new Uint8Array(13 * 17);
    for (const half of halves) {
      const mask = rasterise({ include: [half] }, map);
      mask.forEach((value, i) => (counts[i]! += value));
    }
    t.true(counts.every((count) => count === 1));
  }
});

test("an empty region of interest is refused", (t) => {
  const all: SharePolygon = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  for (const roi of [
    { exclude: [all] },
    {
      include: [
        [
          [0, 0],
          [1, 1],
          [0.5, 0.5],
        ],
      ] as const,
    },
  ])
    t.throws(() => rows(roi, 4, 4), { code: "INVALID_ARGUMENT", message: /region of interest is empty/ });
});

testWithScipy()("the reference in Python finds the same pixels inside", (t) => {
  const random = new Random(2);
  const point = (): SharePoint => [random.between(0, 1), random.between(0, 1)];
  const polygon = (): SharePolygon => Array.from({ length: 3 + random.below(6) }, point);
  const cases = Array.from({ length: 60 }, (_, i) => {
    const mask = { height: 3, width: 5, runs: [1 + random.below(4), 3, 2, 6 - random.below(3)] };
    mask.runs.push(15 - mask.runs.reduce((sum, run) => sum + run, 0));
    const roi: RegionOfInterest = [
      { include: [polygon(), polygon()], exclude: [polygon()] },
      { exclude: [polygon()] },
      { mask },
    ][i % 3]!;
    const part = i % 2 === 0 ? wholeImage : { left: 0.25, top: 0, width: 0.5, height: 1 };
    return { roi, part, height: 24, width: 31 };
  });
  const script =
    "import sys, json; sys.path.insert(0, sys.argv[1]); from interest import interest_mask; print(json.dumps([" +
    "interest_mask(c['roi'], (c['height'], c['width']), tuple(c['part'][k] for k in ('left', 'top', 'width', 'height')))" +
    ".astype(int).ravel().tolist() for c in json.loads(sys.argv[2])]))";
  const folder = fileURLToPath(new URL("../../../bench/python/", import.meta.url));
  const found = runPython(script, folder, JSON.stringify(cases)) as number[][];
  for (const [i, { roi, ...map }] of cases.entries()) {
    const inside = found[i]!;
    if (inside.includes(1)) t.deepEqual([...rasterise(roi, map)], inside);
    else t.throws(() => rasterise(roi, map), { message: /is empty/ });
  }
});
