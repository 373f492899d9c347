import { finite, integer, invalid, path as checkPath, record } from "../errors/validate.js";
import { kind, orAbsent, type Kind } from "./kind.js";

/** A point of an image, as shares of its width and height: [0, 0] is the top left corner, [1, 1] the bottom right one. */
export type SharePoint = readonly [x: number, y: number];

/** A polygon of three or more points. It is closed, and what it holds follows from the even-odd rule. */
export type SharePolygon = readonly SharePoint[];

/** The union of `include`, or the whole image without it, less the union of `exclude`. */
export interface InterestPolygons {
  readonly include?: readonly SharePolygon[] | undefined;
  readonly exclude?: readonly SharePolygon[] | undefined;
}

/** A mask that covers the image from edge to edge. */
export interface InterestMask {
  readonly mask: {
    readonly height: number;
    readonly width: number;
    /** Numbers of pixels, row by row from the top: outside, inside, outside, and so on. Only the first may be 0. */
    readonly runs: readonly number[];
  };
}

/** The part of an image that is inspected: polygons, or a mask. */
export type RegionOfInterest = InterestPolygons | InterestMask;

/** Most points in all polygons of a region of interest together. */
export const mostVertices = 4096;

/** Most runs in the mask of a region of interest. */
export const mostRuns = 65_536;

const longestSide = 65_535;

const allowed = "polygons as { include?, exclude? }, or the path of a JSON file with them or of a mask image";

/** Polygons in shares of the image, or a mask. `check` copies them. */
const polygonsOrMask: Kind<RegionOfInterest> = kind({
  check(name, value) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw invalid(name, allowed, value);
    return "mask" in value ? checkedMask(name, value) : checkedPolygons(name, value);
  },
  format: described,
  placeholder: "<file>",
});

/** The region of interest as model files store it; undefined for whole images. */
export const storedInterest = orAbsent(polygonsOrMask, "the whole image");

/** A region of interest, or the path of a file that contains one. */
export const givenInterest: Kind<string | RegionOfInterest | undefined, string | URL | RegionOfInterest> =
  kind({
    ...storedInterest,
    check: (name, value) =>
      typeof value === "string" || value instanceof URL
        ? checkPath(name, value)
        : polygonsOrMask.check(name, value),
    parse: (text) => text,
    format: (value) => (typeof value === "string" ? value : storedInterest.format(value)),
    entries: (name, value) => (typeof value === "string" ? {} : storedInterest.entries(name, value)),
  });

function checkedPolygons(name: string, value: unknown): InterestPolygons {
  const { include, exclude } = record(name, value, ["include", "exclude"]);
  if (include === undefined && exclude === undefined)
    throw invalid(name, "an object with include, exclude or both", value);
  const checked = {
    ...(include !== undefined && { include: polygons(`${name}.include`, include) }),
    ...(exclude !== undefined && { exclude: polygons(`${name}.exclude`, exclude) }),
  };
  const vertices = countPoints(Object.values(checked).flat());
  if (vertices > mostVertices)
    throw invalid(`the number of points in ${name}`, `at most ${mostVertices}`, vertices);
  return checked;
}

function countPoints(polygons: readonly SharePolygon[]): number {
  return polygons.reduce((sum, polygon) => sum + polygon.length, 0);
}

function polygons(name: string, value: unknown): SharePolygon[] {
  if (!Array.isArray(value) || value.length === 0)
    throw invalid(name, "a list of one or more polygons", value);
  return value.map((polygon: unknown, index) => points(`${name}[${index}]`, polygon));
}

function points(name: string, value: unknown): SharePoint[] {
  if (!Array.isArray(value) || value.length < 3)
    throw invalid(name, "a polygon, a list of three or more points [x, y]", value);
  return value.map((given: unknown, index) => point(`${name}[${index}]`, given));
}

function point(name: string, value: unknown): SharePoint {
  if (!Array.isArray(value) || value.length !== 2)
    throw invalid(name, "a point [x, y] in shares of the image", value);
  return [share(`x of ${name}`, value[0]), share(`y of ${name}`, value[1])];
}

function share(name: string, value: unknown): number {
  const given = finite(name, value);
  if (given >= 0 && given <= 1) return given;
  throw invalid(name, "a share of the image, from 0 to 1", value);
}

function checkedMask(name: string, value: object): InterestMask {
  const { mask } = record(name, value, ["mask"]);
  const given = record(`${name}.mask`, mask, ["height", "width", "runs"]);
  const height = integer(`${name}.mask.height`, given.height, 1, longestSide);
  const width = integer(`${name}.mask.width`, given.width, 1, longestSide);
  if (!Array.isArray(given.runs)) throw invalid(`${name}.mask.runs`, "a list of numbers", given.runs);
  if (given.runs.length > mostRuns)
    throw invalid(`the number of runs in ${name}.mask`, `at most ${mostRuns}`, given.runs.length);
  const runs = given.runs.map((run: unknown, i) =>
    integer(`${name}.mask.runs[${i}]`, run, i === 0 ? 0 : 1, height * width),
  );
  const pixels = runs.reduce((sum, run) => sum + run, 0);
  if (pixels !== height * width)
    throw invalid(`the sum of ${name}.mask.runs`, `${height * width}, height x width`, pixels);
  if (runs.length < 2) throw invalid(`${name}.mask`, "a mask with a pixel inside", "none");
  return { mask: { height, width, runs } };
}

function described(roi: RegionOfInterest): string {
  if ("mask" in roi) {
    const { height, width, runs } = roi.mask;
    const inside = runs.reduce((sum, run, i) => sum + (i % 2) * run, 0);
    return `${percent(inside / (height * width))} of the image, by a mask of ${height} x ${width} pixels`;
  }
  return Object.entries(roi)
    .map(([what, polygons]: [string, readonly SharePolygon[]]) => {
      const many = polygons.length === 1 ? "1 polygon" : `${polygons.length} polygons`;
      return `${what} ${many} of ${countPoints(polygons)} points`;
    })
    .join(", ");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
