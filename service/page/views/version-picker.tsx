import type { ModelBody, ModelsBody } from "../../lib/http/bodies/model.js";

/** A version of a model. */
export interface VersionChoice {
  name: string;
  version: number;
}

/** The versions in memory, those that serve first. */
export function loadedVersions(models: readonly ModelBody[]): VersionChoice[] {
  const all = models.flatMap(({ name, versions, serving }) =>
    versions
      .filter(({ state }) => state === "serving" || state === "loaded")
      .map(({ version }) => ({ name, version, serves: version === serving })),
  );
  return all
    .sort((a, b) => Number(b.serves) - Number(a.serves))
    .map(({ name, version }) => ({ name, version }));
}

interface VersionPickerProps {
  models: ModelsBody;
  chosen: VersionChoice | undefined;
  onChosen: (choice: VersionChoice) => void;
}

/** Chooses a version that is in memory. */
export function VersionPicker({ models, chosen, onChosen }: VersionPickerProps) {
  const versions = loadedVersions(models.models);
  const index = versions.findIndex(
    ({ name, version }) => name === chosen?.name && version === chosen.version,
  );
  return (
    <label class="field">
      Version
      <select
        value={String(Math.max(0, index))}
        onChange={(event) => onChosen(versions[Number(event.currentTarget.value)]!)}
      >
        {versions.map(({ name, version }, at) => (
          <option key={`${name}@${version}`} value={String(at)}>
            {name}, version {version}
          </option>
        ))}
      </select>
    </label>
  );
}
