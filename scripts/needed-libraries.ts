import { execFileSync } from "node:child_process";

/** The libraries that a shared library asks for by name when it is loaded, as binutils' readelf tells them. */
export function neededLibraries(path: string): string[] {
  const text = execFileSync("readelf", ["--dynamic", "--wide", path], { encoding: "utf8" });
  return [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name!);
}
