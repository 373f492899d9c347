import { useEffect, useRef } from "preact/hooks";
import type { PlacedMap } from "../client/use-map.js";
import { colourOf } from "./colours.js";

/** Draws a map in colours over its place on the image. Low values are clear, as in the package's overlays. */
export function MapCanvas({ map, opacity }: { map: PlacedMap; opacity: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const image = context.createImageData(map.width, map.height);
    map.data.forEach((value, index) => {
      const share = Math.min(1, Math.max(0, value / map.scaleEnd));
      image.data.set([...colourOf(share), 255 * Math.min(1, 1.5 * share)], 4 * index);
    });
    context.putImageData(image, 0, 0);
  }, [map]);
  const place = (share: number) => `${100 * share}%`;
  return (
    <canvas
      ref={canvas}
      width={map.width}
      height={map.height}
      style={{
        left: place(map.left),
        top: place(map.top),
        width: place(map.across),
        height: place(map.down),
        opacity,
      }}
    />
  );
}
