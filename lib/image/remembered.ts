/** A function of names that keeps its results: names of folders are the same for image after image. */
export function remembered<T>(work: (name: string) => T): (name: string) => T {
  const results = new Map<string, T>();
  return (name) => {
    if (!results.has(name)) results.set(name, work(name));
    return results.get(name)!;
  };
}
