/** Where a map lies in its image: a point (x, y) of the map is at (left + x * scaleX, top + y * scaleY) of the image. */
export interface Placement {
  left: number;
  top: number;
  scaleX: number;
  scaleY: number;
}

interface Size {
  height: number;
  width: number;
}

/** The placement of a map that covers its image from edge to edge. */
export function stretched(map: Size, [height, width]: readonly [height: number, width: number]): Placement {
  return { left: 0, top: 0, scaleX: width / map.width, scaleY: height / map.height };
}
