import type { ModelsBody } from "../../lib/http/bodies/model.js";
import { loadedVersions } from "../views/version-picker.js";
import { useAnswer } from "./use-answer.js";

/** How often it is asked which versions are in memory, in milliseconds. */
const everyMs = 5000;

/** Tells whether the version that judged a part is in memory; undefined until that is known. */
export function useLoaded(): ((part: { model: string; version: number }) => boolean) | undefined {
  const { value } = useAnswer<ModelsBody>("/models", everyMs);
  if (value === undefined) return undefined;
  const loaded = loadedVersions(value.models);
  return ({ model, version }) => loaded.some((each) => each.name === model && each.version === version);
}
