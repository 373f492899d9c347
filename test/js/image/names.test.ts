import test from "ava";
import { imageOfMask, isMaskFolder, isThumbnail, verdictOf } from "../../../lib/image/names.js";

const verdicts: [verdict: "good" | "bad" | undefined, names: string[]][] = [
  [
    "good",
    [
      "good",
      "Good",
      "GOOD",
      "ok",
      "OK",
      "Normal",
      "pass",
      "01_OK",
      "good_parts",
      "OK-2024-05",
      "train_good",
      "ok_front",
      "defect-free",
      "no_defect",
      "NonDefective",
      "without defects",
      "goodParts",
    ],
  ],
  [
    "bad",
    [
      "bad",
      "NG",
      "NOK",
      "no_good",
      "not_ok",
      "notOK",
      "nio",
      "ko",
      "anomaly",
      "Abnormal",
      "NG_scratch",
      "bottle_bad",
      "def_front",
      "not normal",
    ],
  ],
  [
    undefined,
    [
      "",
      "scratch",
      "monday",
      "normal_light",
      "ok_button_missing",
      "ok_ng",
      "good_and_bad",
      "goods",
      "broken_okra",
      "1234",
      "passport",
      "Teil",
      "\u826f\u54c1",
    ],
  ],
];
for (const [verdict, names] of verdicts)
  for (const name of names)
    test(`the name "${name}" says ${verdict ?? "nothing"} about a part`, (t) => {
      t.is(verdictOf(name), verdict);
    });

test("the names of masks lead to those of their images", (t) => {
  const targets: [string, string | undefined][] = [
    ["000_mask", "000"],
    ["20000_GT", "20000"],
    ["Part0_label", "Part0"],
    ["a-Mask", "a"],
    ["a_ground_truth", "a"],
    ["a.masks", "a"],
    ["mask", undefined],
    ["000", undefined],
    ["unmasked", undefined],
    ["_mask", undefined],
  ];
  for (const [mask, image] of targets) t.is(imageOfMask(mask), image, mask);
});

test("folders of masks and thumbnails are known by their names", (t) => {
  for (const name of ["ground_truth", "GroundTruth", "masks", "Mask", "gt", "defect_masks", "NG mask"])
    t.true(isMaskFolder(name), name);
  for (const name of ["unmasked", "images", "label", "maskedparts"]) t.false(isMaskFolder(name), name);
  const stems = new Set(["a", "screw"]);
  for (const name of ["thumb", "Thumbs", "thumb_1", "a_thumb", "A-thumbnail", "thumb_a", "thumbnail2"])
    t.true(isThumbnail(name, stems), name);
  for (const name of ["thumbtack_3", "a", "withumb", "thumb_nut_1", "left_thumb"])
    t.false(isThumbnail(name, stems), name);
});
