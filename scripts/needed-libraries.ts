import { execFileSync } from "node:child_process";

/** The names of the libraries that a shared library needs, as readelf of binutils lists them. */
export function neededLibraries(path: string): string[] {
  const text = execFileSync("readelf", ["--dynamic", "--wide", path], { encoding: "utf8" });
  return [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name!);
}
