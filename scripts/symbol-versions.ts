import { execFileSync } from "node:child_process";

/** Families of versioned symbols. They belong to the system and decide where a binary loads. */
const families = ["GLIBC", "GLIBCXX", "CXXABI"] as const;

/** The newest version of each family that a binary needs, such as { GLIBC: "2.34" }. */
export type SymbolVersions = Partial<Record<(typeof families)[number], string>>;

/** The newest versions that any of these shared libraries needs, as readelf of binutils lists them. */
export function symbolVersions(paths: readonly string[]): SymbolVersions {
  const text = execFileSync("readelf", ["--version-info", "--wide", ...paths], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return readSymbolVersions(text);
}

/** Reads the output of `readelf --version-info`: the versions needed, not those defined. */
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

/** Describes each version that is needed and newer than allowed. */
export function beyond(needed: SymbolVersions, allowed: SymbolVersions): string[] {
  return families.flatMap((family) => {
    const version = needed[family];
    const limit = allowed[family] ?? "0";
    if (version === undefined || compareVersions(version, limit) <= 0) return [];
    return [`${family}_${version} is needed, but at most ${family}_${limit} is allowed`];
  });
}

/** Negative, 0 or positive, as `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
