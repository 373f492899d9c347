import type { ModelDescription } from "../options/model.js";
import { rasterise } from "../regions/rasterise.js";
import type { GraphBuilder } from "./graph.js";
import { addImageMask } from "./padding.js";

/** What counts of a graph's input, as values of the graph in float32: 1 inside and 0 outside. */
export interface Interest {
  /** [1 or N, 1, H, W] */
  mask: string;
  /** The shares of a scale's cells that are inside: [1 or N, 1, h, w]. */
  shares(layer: number): string;
}

/**
 * Adds what counts of the input: the region of interest, or the image without its padding.
 *
 * @returns undefined if everything counts.
 */
export function addInterest(
  graph: GraphBuilder,
  { imageSize: [height, width], fit, roi }: ModelDescription,
): Interest | undefined {
  if (fit === "pad") {
    const mask = addImageMask(graph, { height, width });
    return { mask, shares: (layer) => addShares(graph, mask, layer) };
  }
  if (roi === undefined) return undefined;
  const mask = rasterise(roi, { height, width });
  return {
    mask: graph.constant("inside", Float32Array.from(mask), [1, 1, height, width]),
    shares(layer) {
      const cell = cellSide(layer);
      const shares = cellShares(mask, width, cell);
      return graph.constant(`share${layer}`, shares, [1, 1, height / cell, width / cell]);
    },
  };
}

/** The side of the cells of a scale, in pixels of the input. */
export const cellSide = (layer: number): number => 2 ** (layer + 1);

function addShares(graph: GraphBuilder, mask: string, layer: number): string {
  const sides = [cellSide(layer), cellSide(layer)];
  return graph.node("AveragePool", `share${layer}`, [mask], { kernel_shape: sides, strides: sides });
}

/** The share of each cell of a mask that is inside, row by row. */
function cellShares(mask: Uint8Array, width: number, cell: number): Float32Array {
  const columns = width / cell;
  const shares = new Float32Array(mask.length / cell ** 2);
  for (const [i, value] of mask.entries()) {
    const [x, y] = [i % width, Math.floor(i / width)];
    shares[Math.floor(y / cell) * columns + Math.floor(x / cell)]! += value / cell ** 2;
  }
  return shares;
}
