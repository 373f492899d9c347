import test from "ava";
import { describe } from "../../../bench/parity/inputs.js";
import { readModelDescription } from "../../../lib/model-file/description.js";
import { describeModel } from "../../../lib/model-file/metadata.js";
import {
  givenInterest,
  mostRuns,
  mostVertices,
  storedInterest,
  type RegionOfInterest,
  type SharePolygon,
} from "../../../lib/options/roi.js";

const left: SharePolygon = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
];
const polygons: RegionOfInterest = { include: [left], exclude: [[...left].reverse(), left] };
const mask: RegionOfInterest = { mask: { height: 2, width: 3, runs: [0, 2, 4] } };

test("what is no region of interest is refused", (t) => {
  const triangle = (x: unknown) => ({
    include: [
      [
        [0, 0],
        [x, 0],
        [1, 1],
      ],
    ],
  });
  const many = Array.from({ length: mostVertices + 1 }, () => [0.5, 0.5]);
  const cases: [unknown, RegExp][] = [
    [undefined, /path of a JSON file/],
    [7, /path of a JSON file/],
    [[left], /path of a JSON file/],
    [{}, /with include, exclude or both/],
    [{ inside: [left] }, /unknown key "inside"/],
    [{ include: [] }, /one or more polygons/],
    [
      {
        include: [
          [
            [0, 0],
            [1, 1],
          ],
        ],
      },
      /three or more points/,
    ],
    [{ include: [[[0, 0], [1, 1], [1]]] }, /point \[x, y\]/],
    [triangle(NaN), /^x of roi\.include\[0\]\[1\] must be a finite number; got NaN/],
    [triangle(1.01), /from 0 to 1; got 1\.01/],
    [triangle(-0.1), /from 0 to 1; got -0\.1/],
    [{ exclude: [many] }, /at most 4096; got 4097/],
    [{ mask: { height: 2, width: 3 } }, /^roi\.mask\.runs must be a list/],
    [{ mask: { height: 0, width: 3, runs: [0] } }, /^roi\.mask\.height/],
    [{ mask: { height: 2, width: 3, runs: [6] } }, /with a pixel inside/],
    [{ mask: { height: 2, width: 3, runs: [1, 2] } }, /must be 6, height x width; got 3/],
    [{ mask: { height: 2, width: 3, runs: [1, 0, 5] } }, /runs\[1\]/],
    [{ mask: { height: 2, width: 3, runs: [1, 5] }, include: [left] }, /unknown key "include"/],
    [{ mask: { height: 1, width: 1, runs: new Array(mostRuns + 1).fill(1) } }, /at most 65536/],
  ];
  for (const [value, message] of cases)
    t.throws(() => givenInterest.check("roi", value), { code: "INVALID_ARGUMENT", message });
});

test("a region of interest is stored in version 5 of the format, and whole images as before the option", (t) => {
  const model = describe("resnet18", "paper");
  t.false(describeModel(model).includes("roi"));
  for (const roi of [polygons, mask]) {
    const text = describeModel({ ...model, roi });
    t.deepEqual(readModelDescription(JSON.parse(text), 5), { ...model, roi });
    t.throws(() => readModelDescription(JSON.parse(text), 4), { message: /unknown key/ });
  }
});

test("a region of interest survives being written as metadata, and is described in words", (t) => {
  for (const roi of [undefined, polygons, mask]) {
    const entries = new Map(Object.entries(storedInterest.entries("roi", roi)));
    const read = storedInterest.fromEntries("roi", (key) => entries.get(key));
    t.deepEqual(storedInterest.check("roi", read), roi);
  }
  t.is(storedInterest.format(undefined), "the whole image");
  t.is(storedInterest.format(polygons), "include 1 polygon of 4 points, exclude 2 polygons of 8 points");
  t.is(storedInterest.format(mask), "33.3 % of the image, by a mask of 2 x 3 pixels");
});

test("the path of a file stays a path until it is read", (t) => {
  t.is(givenInterest.check("roi", "roi.json"), "roi.json");
  t.is(givenInterest.check("roi", new URL("file:///a/mask.png")), "/a/mask.png");
  t.is(givenInterest.parse!("mask.png"), "mask.png");
});
