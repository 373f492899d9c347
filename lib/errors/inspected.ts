import { inspect, type InspectOptions } from "node:util";

/** Formats a value as `util.inspect` does, but never throws, whatever the value's own code does. */
export function inspected(value: unknown, options?: InspectOptions): string {
  try {
    return inspect(value, options);
  } catch {
    return "a value that cannot be shown";
  }
}
