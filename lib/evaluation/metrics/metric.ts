/**
 * A metric's value, or null if the metric is undefined because something is missing, such as one of the two classes or
 * the masks. Each metric says when.
 */
export type Metric = number | null;

/** A column of a report's table: one number of a metric. */
export interface Column<Value> {
  title: string;
  number: (value: Value) => Metric;
  /** "pixels" if the column is not shown for pixels. */
  leftOutOf?: "pixels";
}

/** How a report shows a metric. */
export interface Reported<Value> {
  columns: readonly Column<Value>[];
  /** A line below the table that explains the columns. */
  note?: string;
}

/** The column's number, or null if the metric is undefined. */
export function numberIn<Value>({ number }: Column<Value>, value: Value | null): Metric {
  return value === null ? null : number(value);
}
