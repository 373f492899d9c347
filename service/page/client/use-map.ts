import { useEffect, useState } from "preact/hooks";
import { parseNpy, type ScoreMap } from "./npy.js";
import { messageOf, send } from "./session.js";

/** A map, where it lies on its image, and where its colours end. */
export interface PlacedMap extends ScoreMap {
  /** Shares of the image. */
  left: number;
  top: number;
  across: number;
  down: number;
  scaleEnd: number;
}

/**
 * Fetches the map of a part.
 *
 * @param id Nothing is fetched if it is undefined.
 */
export function useMap(id: string | undefined): { map?: PlacedMap; error?: string } {
  const [state, setState] = useState<{ id?: string; map?: PlacedMap; error?: string }>({});
  useEffect(() => {
    if (id === undefined) return;
    const ending = new AbortController();
    const fetchMap = async (): Promise<void> => {
      try {
        const response = await send(`/parts/${id}/map`, { signal: ending.signal });
        const [left, top, across, down] = (response.headers.get("map-part") ?? "").split(" ").map(Number);
        const scaleEnd = Number(response.headers.get("map-scale-end"));
        const map = parseNpy(await response.arrayBuffer());
        if (ending.signal.aborted) return;
        setState({ id, map: { ...map, left: left!, top: top!, across: across!, down: down!, scaleEnd } });
      } catch (error) {
        if (!ending.signal.aborted) setState({ id, error: messageOf(error) });
      }
    };
    void fetchMap();
    return () => ending.abort();
  }, [id]);
  return state.id === id ? state : {};
}
