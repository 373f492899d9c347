import type { LoadedVersion } from "./loaded-version.js";
import type { ModelFile, Stamp } from "./folder-files.js";

/** Where a version stands. */
export type VersionState = "serving" | "loaded" | "kept" | "refused";

/** A version of a model as the folder has it. */
export interface VersionEntry {
  version: number;
  file: ModelFile;
  /** What serves requests, and the content of the file that it was loaded from. */
  loaded?: { from: Stamp; version: LoadedVersion };
  /** Why the file's content could not be loaded. */
  refused?: { stamp: Stamp; reason: string; at: number };
}

/** A version as clients see it. */
export interface VersionStatus {
  version: number;
  /**
   * "serving" answers requests that name no version, "loaded" those that name it; "kept" is in the folder but not in
   * memory, and "refused" could not be loaded.
   */
  state: VersionState;
  /** Why the file's content could not be loaded. A version that was loaded before still answers. */
  reason?: string;
  loadedAt?: string;
}

/** A model of the folder and its versions. */
export class Model {
  readonly name: string;
  readonly entries = new Map<number, VersionEntry>();
  pin: number | undefined;
  serving: LoadedVersion | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** The version of that number, or the one that is served; undefined if it is not loaded. */
  find(version?: number): LoadedVersion | undefined {
    return version === undefined ? this.serving : this.entries.get(version)?.loaded?.version;
  }

  /** The versions in the folder, newest first. */
  get newestFirst(): VersionEntry[] {
    return [...this.entries.values()].sort((a, b) => b.version - a.version);
  }

  /** What clients see of the versions, newest first. */
  get status(): VersionStatus[] {
    return this.newestFirst.map(({ version, file, loaded, refused }) => {
      const isRefused = refused?.stamp === file.stamp;
      return {
        version,
        state: this.#stateOf(loaded?.version, isRefused),
        ...(isRefused && { reason: refused.reason }),
        ...(loaded && { loadedAt: loaded.version.loadedAt.toISOString() }),
      };
    });
  }

  #stateOf(loaded: LoadedVersion | undefined, isRefused: boolean): VersionState {
    if (loaded !== undefined) return loaded === this.serving ? "serving" : "loaded";
    return isRefused ? "refused" : "kept";
  }
}
