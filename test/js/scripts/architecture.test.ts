import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { below } from "../../../scripts/house/native.mjs";
import { floors } from "../../../scripts/house/typescript.mjs";

const page = readFileSync(fileURLToPath(new URL("../../../ARCHITECTURE.md", import.meta.url)), "utf8");

/** What the mermaid picture shows: its boxes and arrows. */
interface Picture {
  /** What is written in each box. */
  labels: Map<string, string>;
  /** The frame around each box: that of its first mention. */
  frames: Map<string, string>;
  solid: [from: string, to: string][];
  dotted: [from: string, to: string][];
}

const box = String.raw`(\w+)(?:\["([^"]+)"\])?`;
const solidArrow = new RegExp(`^${box} --> ${box}$`);
const dottedArrow = new RegExp(`^${box} -\\. "[^"]+" \\.-> ${box}$`);
const singleBox = new RegExp(`^${box}$`);

function readPicture(text: string): Picture {
  const picture: Picture = { labels: new Map(), frames: new Map(), solid: [], dotted: [] };
  const [, source] = /```mermaid\nflowchart TB\n(.*?)```/s.exec(text) ?? [];
  let frame = "";
  const add = (id: string, label: string | undefined) => {
    if (!picture.frames.has(id)) picture.frames.set(id, frame);
    if (label !== undefined || !picture.labels.has(id)) picture.labels.set(id, label ?? id);
  };
  for (const line of source!
    .trim()
    .split("\n")
    .map((each) => each.trim())) {
    const opening = /^subgraph (\w+)\["[^"]+"\]$/.exec(line);
    if (opening !== null || line === "end") {
      frame = opening?.[1] ?? "";
      continue;
    }
    const single = singleBox.exec(line);
    const solid = solidArrow.exec(line);
    const arrow = solid ?? dottedArrow.exec(line);
    if (single !== null) add(single[1]!, single[2]);
    else if (arrow !== null) {
      add(arrow[1]!, arrow[2]);
      add(arrow[3]!, arrow[4]);
      (solid === null ? picture.dotted : picture.solid).push([arrow[1]!, arrow[3]!]);
    } else throw new Error(`a line of the picture that this test cannot read: ${line}`);
  }
  return picture;
}

/** The boxes that arrows lead to from one, directly or through others. */
function reached(picture: Picture, from: string): string[] {
  const next = picture.solid.filter(([start]) => start === from).map(([, end]) => end);
  return [...new Set(next.flatMap((end) => [end, ...reached(picture, end)]))].sort();
}

function sorted(names: Iterable<string>): string[] {
  return [...names].sort();
}

function boxesIn({ frames }: Picture, frame: string): string[] {
  return [...frames].filter(([, around]) => around === frame).map(([id]) => id);
}

/** The floors of lib/ in the picture, from the ground up. */
function floorsIn(picture: Picture): string[][] {
  const fromGround = boxesIn(picture, "lib").sort(
    (a, b) => reached(picture, a).length - reached(picture, b).length,
  );
  return fromGround.map((id) => picture.labels.get(id)!.split(", "));
}

/** The rooms of native/ in the picture, and those that each may include from. */
function nativeRoomsIn(picture: Picture): Record<string, string[]> {
  return Object.fromEntries(boxesIn(picture, "native").map((room) => [room, reached(picture, room)]));
}

function roomsInTable(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)` /gm)].map(([, room]) => room!);
}

/** What is wrong with the page, in words; nothing where it shows what the lint enforces. */
function problems(text: string): string[] {
  const picture = readPicture(text);
  const compare = (what: string, shown: unknown, enforced: unknown) =>
    JSON.stringify(shown) === JSON.stringify(enforced)
      ? []
      : [`${what}: shown are ${JSON.stringify(shown)}, enforced ${JSON.stringify(enforced)}`];
  const order = (rooms: Record<string, string[]>) =>
    sorted(Object.keys(rooms)).map((room) => [room, sorted(rooms[room]!)]);
  const rooms = [
    ...floors.flat().map((room) => `lib/${room}`),
    ...Object.keys(below).map((room) => `native/${room}`),
  ];
  const native = [...picture.labels].find(([, label]) => label.split(", ").includes("native"))?.[0];
  return [
    ...compare("the floors of lib/", floorsIn(picture).map(sorted), floors.map(sorted)),
    ...compare("the rooms of native/", order(nativeRoomsIn(picture)), order(below)),
    ...compare("the boundary", picture.dotted, [
      [native, "loader"],
      ["loader", "binding"],
    ]),
    ...compare("the table", sorted(roomsInTable(text)), sorted(rooms)),
  ];
}

test("the picture and the table show the rooms and directions that the lint enforces", (t) => {
  t.deepEqual(problems(page), []);
});

const reports = test.macro((t, from: string | RegExp, to: string, what: string) => {
  const changed = page.replace(from, to);
  t.not(changed, page);
  t.deepEqual(
    problems(changed).map((problem) => problem.split(":")[0]),
    [what],
  );
});

test(
  "a room of lib that the picture lacks is reported",
  reports,
  '"tensor, image, calibration"',
  '"tensor, image"',
  "the floors of lib/",
);
test(
  "a room of lib that the picture invents is reported",
  reports,
  '"detector"',
  '"detector, extra"',
  "the floors of lib/",
);
test("two floors that change places are reported", reports, '"onnx"', '"detector"', "the floors of lib/");
test(
  "an arrow of native that the picture lacks is reported",
  reports,
  "    ops --> core\n",
  "",
  "the rooms of native/",
);
test(
  "an arrow that the picture invents is reported",
  reports,
  "model --> core",
  "model --> ops",
  "the rooms of native/",
);
test(
  "a room of native that the picture lacks is reported",
  reports,
  "    loader\n",
  "",
  "the rooms of native/",
);
test("a room that the table lacks is reported", reports, /\| `lib\/teacher` .*\n/, "", "the table");
test("a room that the table invents is reported", reports, "| `lib/teacher` ", "| `lib/pupil` ", "the table");
