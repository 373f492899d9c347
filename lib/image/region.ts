/** A point in pixels of the image: whole numbers are edges of pixels, and a pixel's centre has halves. */
export type Point = [x: number, y: number];

/** The corners of a closed polygon in order. The first is not repeated at the end. */
export type Ring = Point[];

/**
 * A region of anomalous pixels. Coordinates are in pixels of the image, from its upper left corner: a pixel in column x
 * and row y covers x to x + 1 and y to y + 1.
 */
export interface Region {
  /** The smallest rectangle around the region. */
  box: { left: number; top: number; width: number; height: number };
  /** In pixels of the image. */
  area: number;
  /** The area as a share of the region of interest, or of the whole map if there is none. */
  share: number;
  /** The mean position of the region's pixels. */
  centroid: { x: number; y: number };
  /** The largest value of the map in the region, and the centre of the map's pixel that has it. */
  peak: { value: number; x: number; y: number };
  /** The mean of the map's values in the region. */
  mean: number;
  /**
   * The region's outline, exactly along the edges of the map's pixels: the ring around it, then one for each hole. The
   * first runs clockwise as seen in the image, and holes the other way. A ring touches itself where pixels of the region
   * share only a corner.
   */
  polygon: Ring[];
}

/** All outlines of the regions. */
export function outlinesOf(regions: readonly Region[]): Ring[] {
  return regions.flatMap(({ polygon }) => polygon);
}
