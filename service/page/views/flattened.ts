import { short } from "../client/words.js";

/** The values in nested objects, each with the path to it. */
export function flattened(value: object, path = ""): [name: string, value: string][] {
  return Object.entries(value).flatMap(([key, each]: [string, unknown]): [string, string][] => {
    const name = path === "" ? key : `${path}.${key}`;
    if (typeof each === "object" && each !== null && !Array.isArray(each)) return flattened(each, name);
    return [[name, shown(each)]];
  });
}

function shown(value: unknown): string {
  if (value === null) return "none";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : short(value);
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  const items = value.map(shown);
  // Losses of hundreds of epochs say little one by one.
  return items.length > 12
    ? `${items.slice(0, 5).join(", ")}, …, ${items.slice(-5).join(", ")} (${items.length})`
    : items.join(", ");
}
