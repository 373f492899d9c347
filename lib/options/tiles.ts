import { integer, invalid, record } from "../errors/validate.js";
import { kind, orAbsent, parseNumber, type Kind } from "./kind.js";

/** Tiles that large images are cut into. */
export interface Tiles {
  /** In pixels of the image: one number for a square, or [height, width]. */
  readonly size: number | readonly [height: number, width: number];
  /** By how many pixels neighbours overlap, at least. Default: a quarter of the shorter side. */
  readonly overlap?: number | undefined;
}

/** Tiles as model files store them. */
export interface StoredTiles {
  size: [height: number, width: number];
  overlap: number;
}

const smallestSide = 32;
const largestSide = 16_384;

/** The size of tiles, and their overlap, which `check` fills in. */
export const tiles: Kind<StoredTiles, Tiles> = kind({
  check: checkedTiles,
  parse(text) {
    const [size = "", overlap, ...more] = text.split("/");
    const sides = size.split("x").map(parseNumber);
    if (more.length > 0 || sides.length > 2)
      throw new Error("Give SIZE, HEIGHTxWIDTH, or either with /OVERLAP.");
    return {
      size: sides.length === 1 ? sides[0] : sides,
      ...(overlap !== undefined && { overlap: parseNumber(overlap) }),
    };
  },
  format: described,
  placeholder: "<pixels>",
});

/** Tiles as model files store them; undefined for whole images. */
export const storedTiles = orAbsent(tiles, "none");

function described({ size, overlap }: StoredTiles): string {
  return `${size.join(" x ")} pixels of the image, overlapping by ${overlap}`;
}

function checkedTiles(name: string, value: unknown): StoredTiles {
  const given = record(name, value, ["size", "overlap"]);
  const sides: unknown[] = Array.isArray(given.size) ? given.size : [given.size, given.size];
  if (sides.length !== 2) throw invalid(`${name}.size`, "one side, or two as [height, width]", given.size);
  const [height, width] = sides.map((side) => integer(`${name}.size`, side, smallestSide, largestSide)) as [
    number,
    number,
  ];
  const shorter = Math.min(height, width);
  const overlap =
    given.overlap === undefined
      ? Math.floor(shorter / 4)
      : integer(`${name}.overlap`, given.overlap, 0, shorter - 1);
  return { size: [height, width], overlap };
}
