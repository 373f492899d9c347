import { useEffect, useState } from "preact/hooks";
import { messageOf, send } from "./session.js";

/** A picture that can be shown, and the size of the image that it was made from. */
export interface Picture {
  url: string;
  width: number;
  height: number;
}

/**
 * Fetches the picture of a part with the token, which an `img` cannot send.
 *
 * @param id Nothing is fetched if it is undefined.
 */
export function usePicture(id: string | undefined, side: number): { picture?: Picture; error?: string } {
  const [state, setState] = useState<{ id?: string; picture?: Picture; error?: string }>({});
  useEffect(() => {
    if (id === undefined) return;
    const ending = new AbortController();
    let url: string | undefined;
    const fetchPicture = async (): Promise<void> => {
      try {
        const response = await send(`/parts/${id}/picture?side=${side}`, { signal: ending.signal });
        const [width, height] = (response.headers.get("image-size") ?? "").split(" ").map(Number);
        const blob = await response.blob();
        if (ending.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setState({ id, picture: { url, width: width!, height: height! } });
      } catch (error) {
        if (!ending.signal.aborted) setState({ id, error: messageOf(error) });
      }
    };
    void fetchPicture();
    return () => {
      ending.abort();
      if (url !== undefined) URL.revokeObjectURL(url);
    };
  }, [id, side]);
  return state.id === id ? state : {};
}
