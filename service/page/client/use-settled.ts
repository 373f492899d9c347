import { useEffect, useState } from "preact/hooks";

/** A value once it has not changed for a while; the first one at once. */
export function useSettled<T>(value: T, restMs: number): T {
  const [settled, setSettled] = useState(value);
  const isFirst = settled === undefined;
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), isFirst ? 0 : restMs);
    return () => clearTimeout(timer);
  }, [value, restMs, isFirst]);
  return settled;
}
