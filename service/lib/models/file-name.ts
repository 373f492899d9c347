/** Which version of which model a file is. */
export interface ModelName {
  name: string;
  version: number;
}

/** The ending of model files. */
const ending = ".safetensors";

const form = /^([A-Za-z0-9][A-Za-z0-9._-]{0,99}?)(?:@([1-9]\d{0,8}))?$/;

/**
 * Reads the name of a model file: `bottle@2.safetensors` is version 2 of the model bottle, and `bottle.safetensors`
 * version 1. Hidden files and those with other endings are none of the service's business.
 *
 * @returns undefined if the file is no model; what is wrong, in words, if its name cannot be used.
 */
export function parseFileName(file: string): ModelName | string | undefined {
  if (!file.endsWith(ending) || file.startsWith(".")) return undefined;
  const [, name, version = "1"] = form.exec(file.slice(0, -ending.length)) ?? [];
  if (name === undefined)
    return (
      "the file's name must be <model>.safetensors or <model>@<version>.safetensors: a model has up to 100 letters, " +
      "digits, dots, hyphens and underscores, and a version is a whole number from 1"
    );
  return { name, version: Number(version) };
}

/** The name of the file of a version. */
export function fileNameOf({ name, version }: ModelName): string {
  return `${name}@${version}${ending}`;
}

/** The name of the file that says which version of a model is served; without it, that is the newest. */
export function pinFileName(name: string): string {
  return `${name}.serve`;
}
