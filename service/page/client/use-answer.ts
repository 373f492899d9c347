import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, messageOf } from "./session.js";

/** What was answered last, and what went wrong since. */
export interface Answer<T> {
  value: T | undefined;
  error: string | undefined;
  /** Asks again now. */
  again: () => void;
}

/**
 * Asks the service for something while a component is shown.
 *
 * @param path Nothing is asked if it is undefined.
 * @param everyMs Ask again so long after each answer, while the page can be seen.
 */
export function useAnswer<T>(path: string | undefined, everyMs?: number): Answer<T> {
  const [state, setState] = useState<{ path: string | undefined; value?: T; error?: string }>({ path });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const latest = useRef(path);
  latest.current = path;
  useEffect(() => {
    if (path === undefined) return;
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (document.visibilityState === "visible" || everyMs === undefined)
        try {
          const value = await ask<T>(path, ending.signal);
          if (!ending.signal.aborted) setState({ path, value });
        } catch (error) {
          if (ending.signal.aborted) return;
          setState((before) => ({
            path,
            error: messageOf(error),
            ...(before.path === path && before.value !== undefined && { value: before.value }),
          }));
        }
      if (everyMs !== undefined && !ending.signal.aborted) timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, turn]);
  const isCurrent = state.path === path;
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    again,
  };
}
