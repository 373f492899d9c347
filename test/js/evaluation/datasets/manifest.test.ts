import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openDataset } from "../../../../lib/evaluation/dataset.js";
import { parseCsv } from "../../../../lib/evaluation/datasets/csv.js";
import { touch } from "../../support/dataset-fixtures.js";
import { summaryOf } from "../../support/dataset-summary.js";
import { rejects } from "../../support/rejection.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

async function manifest(
  t: ExecutionContext,
  name: string,
  lines: readonly (string | object)[],
): Promise<string> {
  const folder = await temporaryFolder(t);
  await touch(folder, "images/0.png", "images/1.png", "images/a, b.png", "masks/1.png", "masks/2.png");
  await mkdir(dirname(join(folder, name)), { recursive: true });
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const expected = {
  train: ["images/0.png"],
  validation: ["images/a, b.png good -"],
  test: ["images/1.png dent masks/1.png+masks/2.png part 7", "images/0.png good -"],
  unusedMasks: [],
};

test("a manifest of CSV is opened, with quotes, other names of columns and labels, and other separators", async (t) => {
  const comma = await manifest(t, "list.csv", [
    "\ufeffimage,label,mask,split,group",
    "images/0.png,,,train,",
    '"images/a, b.png",OK,,val,',
    "images/1.png,dent,masks/1.png|masks/2.png,test,part 7",
    "",
    "images/0.png,Normal,,Test,",
  ]);
  t.deepEqual(summaryOf(dirname(comma), await openDataset(comma)), expected);
  const semicolon = await manifest(t, "list.csv", [
    "Subset;Path;Class;Mask_Path;Group;remark",
    "train;images/0.png;good;;;",
    'valid;"images/a, b.png";okay;;;',
    'test;images/1.png;dent;masks/1.png|masks/2.png;part 7;"two ""dents"""',
    "test;images/0.png;pass;;;",
  ]);
  t.deepEqual(summaryOf(dirname(semicolon), await openDataset(semicolon, { format: "manifest" })), expected);
});

test("a manifest of JSON lines is opened", async (t) => {
  const path = await manifest(t, "list.jsonl", [
    { image: "images/0.png", split: "train", label: null },
    { image: "images/a, b.png", label: "good", split: "validation" },
    {
      image: "images/1.png",
      label: "dent",
      mask: ["masks/1.png", "masks/2.png"],
      split: "test",
      group: "part 7",
    },
    { image: join("images", "0.png"), label: "good", split: "test", more: { than: "needed" } },
  ]);
  t.deepEqual(summaryOf(dirname(path), await openDataset(path)), expected);
});

test("a manifest may be an array of objects, and labels may be numbers", async (t) => {
  const entries = [
    { image: "images/0.png", label: 0, split: "train" },
    { image: "images/1.png", label: 1, split: "test" },
    { image: "images/0.png", label: false, split: "test" },
  ];
  const path = await manifest(t, "list.json", [JSON.stringify(entries, null, 2)]);
  const expectedOf = {
    train: ["images/0.png"],
    test: ["images/1.png anomaly -", "images/0.png good -"],
    unusedMasks: [],
  };
  t.deepEqual(summaryOf(dirname(path), await openDataset(path)), expectedOf);
  const csv = await manifest(t, "list.csv", [
    "image,label,split",
    "images/0.png,0,train",
    "images/1.png,1,test",
    "images/0.png,False,test",
  ]);
  t.deepEqual(summaryOf(dirname(csv), await openDataset(csv)), expectedOf);
});

test("without a split, good images count both to train and to test; defective ones are not trained on", async (t) => {
  const path = await manifest(t, "list.csv", ["image,label", "images/0.png,good", "images/1.png,dent"]);
  const { train, test: tested, notes } = summaryOf(dirname(path), await openDataset(path));
  t.deepEqual([train, tested], [["images/0.png"], ["images/0.png good -", "images/1.png dent -"]]);
  t.regex(notes!.join(), /no split: its 1 good image is used both/);
  const split = await manifest(t, "list.csv", [
    "image,label,split",
    "images/0.png,good,train",
    "images/1.png,dent,train",
  ]);
  t.regex((await openDataset(split)).notes!.join(), /Not trained on: 1 defective image of .*list\.csv/);
});

test("a manifest of Amazon Lookout for Vision is opened by its class names, objects of S3 found on this machine", async (t) => {
  const labelled = (key: string, name: string | undefined, number: number, more = {}): object => ({
    "source-ref": `s3://bucket/project/${key}`,
    "anomaly-label": number,
    "anomaly-label-metadata": {
      ...(name && { "class-name": name }),
      type: "groundtruth/image-classification",
      confidence: 1,
    },
    ...more,
  });
  const mask = {
    "my-job-ref": "s3://bucket/out/masks/1.png",
    "my-job-ref-metadata": {
      "internal-color-map": { 0: { "class-name": "BACKGROUND", "hex-color": "#ffffff" } },
      type: "groundtruth/semantic-segmentation",
    },
  };
  const path = await manifest(t, "project/train/x.manifest", [
    labelled("train/normal/0.jpg", "normal", 1),
    labelled("train/anomaly/1.jpg", "anomaly", 1),
    labelled("test/anomaly/2.jpg", "anomaly", 0, mask),
    labelled("test/normal/3.jpg", undefined, 0),
  ]);
  const folder = dirname(path);
  await touch(
    folder,
    "project/train/normal/0.jpg",
    "train/anomaly/1.jpg",
    "anomaly/2.jpg",
    "test/normal/3.jpg",
    "masks/1.png",
  );
  const found = summaryOf(folder, await openDataset(path));
  t.deepEqual(found, {
    train: ["project/train/normal/0.jpg"],
    test: ["anomaly/2.jpg anomaly masks/1.png", "test/normal/3.jpg good -"],
    unusedMasks: [],
    notes: ["Not trained on: 1 defective image of x.manifest."],
  });
});

const refused: [
  title: string,
  name: string,
  lines: (string | object)[],
  code: "INVALID_FILE" | "NOT_FOUND" | "NO_IMAGES",
  message: RegExp,
][] = [
  [
    "no column image",
    "x.csv",
    ["picture,label", "images/0.png,good"],
    "INVALID_FILE",
    /must name the columns image and label.*got picture, label/,
  ],
  [
    "too few fields",
    "x.csv",
    ["image,label", "images/0.png"],
    "INVALID_FILE",
    /Line 2 of .*x\.csv has 1 fields?, but the header has 2/,
  ],
  [
    "an open quote",
    "x.csv",
    ["image,label", "images/1.png,good", '"images/0.png,good'],
    "INVALID_FILE",
    /Line 3 of .* quote that is not closed/,
  ],
  ["a quote within a field", "x.csv", ["image,label", 'images/0.png,a"b'], "INVALID_FILE", /Line 2/],
  [
    "no label to test with",
    "x.csv",
    ["image,label,split", "images/0.png,,test"],
    "INVALID_FILE",
    /The label is missing in line 2 of/,
  ],
  [
    "an unknown split",
    "x.csv",
    ["image,label,split", "images/0.png,good,dev"],
    "INVALID_FILE",
    /split in line 2 of .* must be train, validation or test; got "dev"/,
  ],
  [
    "missing files",
    "x.csv",
    ["image,label", "images/7.png,good", "images/8.png,good", "images/0.png,good"],
    "NOT_FOUND",
    /2 files named in .*x\.csv do not exist, such as .*7\.png \(line 2/,
  ],
  ["no rows", "x.csv", ["image,label"], "NO_IMAGES", /x\.csv lists no images/],
  ["no text", "x.csv", [""], "INVALID_FILE", /got nothing/],
  [
    "no JSON",
    "x.jsonl",
    [{ image: "images/0.png", label: "good" }, "{"],
    "INVALID_FILE",
    /line 2 of .*x\.jsonl is not JSON/,
  ],
  ["no object", "x.jsonl", ["[1]"], "INVALID_FILE", /line 1 of .* is not a JSON object/],
  [
    "a label that is an object",
    "x.jsonl",
    [{ image: "images/0.png", label: {} }],
    "INVALID_FILE",
    /The label in line 1 of .* must be a string/,
  ],
  [
    "no label for Lookout",
    "x.manifest",
    [{ "source-ref": "s3://b/images/0.png" }],
    "INVALID_FILE",
    /no label in line 1/,
  ],
];
for (const [title, name, lines, code, message] of refused) {
  test(`a manifest with ${title} is refused, and the place is named`, async (t) => {
    await rejects(t, openDataset(await manifest(t, name, lines)), code, message);
  });
}

test("CSV is parsed with line breaks in quotes, and lines are counted with them", (t) => {
  const { columns, rows } = parseCsv('A,b\r\n"1\n2",\r\n\r\n3,"""4"""', "it");
  t.deepEqual(columns, ["a", "b"]);
  t.deepEqual(
    rows.map(({ line, fields }) => [line, Object.fromEntries(fields)]),
    [
      [2, { a: "1\n2" }],
      [5, { a: "3", b: '"4"' }],
    ],
  );
});
