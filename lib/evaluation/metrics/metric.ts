/**
 * A metric's value, or null if the metric is undefined: what it compares is missing, such as the anomalous class, the
 * normal class, or every mask. Each metric says when.
 */
export type Metric = number | null;

/** A number of a metric, as a column of a report's table. */
export interface Column<Value> {
  title: string;
  number: (value: Value) => Metric;
  /** Tables that the column is left out of. Default: none. */
  leftOutOf?: "pixels";
}

/** Any metric that a report shows, whatever it is computed from. */
export interface Reported<Value> {
  columns: readonly Column<Value>[];
  /** A line below the table that says how to read the columns. */
  note?: string;
}

/** The column's number for a metric that may be undefined. */
export function numberIn<Value>({ number }: Column<Value>, value: Value | null): Metric {
  return value === null ? null : number(value);
}
