/** The connected regions of a mask. */
export interface Regions {
  /** Height x width: 0 where the mask is 0, else the region's number, from 1 in raster order. */
  labels: Uint32Array;
  /** Number of pixels of each region: that of region r is at r - 1. */
  sizes: number[];
}

/**
 * Finds the regions of non-zero pixels that touch by a side or a corner (8-connected), as
 * `scipy.ndimage.label` does with a structure of 3 x 3 ones.
 *
 * @param mask Height x width values, row by row; 0 is normal.
 */
export function labelRegions(mask: Uint8Array, height: number, width: number): Regions {
  const labels = new Uint32Array(mask.length);
  const sizes: number[] = [];
  const waiting: number[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const region = sizes.push(0);
    labels[start] = region;
    waiting.push(start);
    for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
      sizes[region - 1]!++;
      const row = Math.floor(pixel / width);
      const column = pixel - row * width;
      const lastRow = Math.min(row + 1, height - 1);
      const lastColumn = Math.min(column + 1, width - 1);
      for (let y = Math.max(row - 1, 0); y <= lastRow; y++) {
        for (let x = Math.max(column - 1, 0); x <= lastColumn; x++) {
          const neighbour = y * width + x;
          if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
          labels[neighbour] = region;
          waiting.push(neighbour);
        }
      }
    }
  }
  return { labels, sizes };
}
