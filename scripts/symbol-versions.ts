import { execFileSync } from "node:child_process";

/** Families of versioned symbols that decide on which systems a binary loads, all of the system's own. */
const families = ["GLIBC", "GLIBCXX", "CXXABI"] as const;

/** The newest version of each family that a binary needs, such as { GLIBC: "2.34" }. */
export type SymbolVersions = Partial<Record<(typeof families)[number], string>>;

/** The versions that some shared libraries need together, as binutils' readelf tells them. */
export function symbolVersions(paths: readonly string[]): SymbolVersions {
  const text = execFileSync("readelf", ["--version-info", "--wide", ...paths], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return readSymbolVersions(text);
}

/** From the output of `readelf --version-info`: what is needed, not what is defined. */
export function readSymbolVersions(text: string): SymbolVersions {
  const needed = text
    .split(/^(?=Version (?:symbols|needs|definition) section)/m)
    .filter((section) => section.startsWith("Version needs"))
    .join("");
  const newest: SymbolVersions = {};
  for (const family of families)
    for (const [, version] of needed.matchAll(new RegExp(`Name: ${family}_([\\d.]+)`, "g")))
      if (compareVersions(version!, newest[family] ?? "0") > 0) newest[family] = version;
  return newest;
}

/** What is needed beyond what is allowed, in words. */
export function beyond(needed: SymbolVersions, allowed: SymbolVersions): string[] {
  return families.flatMap((family) => {
    const version = needed[family];
    const limit = allowed[family] ?? "0";
    if (version === undefined || compareVersions(version, limit) <= 0) return [];
    return [`${family}_${version} is needed, and at most ${family}_${limit} is allowed`];
  });
}

/** Below 0, 0 or above 0, as a version comes before, with or after another. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
