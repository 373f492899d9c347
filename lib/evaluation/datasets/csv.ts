import { counted } from "../../errors/counted.js";
import { ReverseDistillationError } from "../../errors/error.js";

/** A row of a table, by the names of its columns in lower case; empty fields are left out. */
export interface Row {
  /** The line that it begins at, from 1. */
  line: number;
  fields: ReadonlyMap<string, string>;
}

/** A table of text with a header. */
export interface Table {
  columns: readonly string[];
  rows: readonly Row[];
}

/**
 * Parses CSV with a header (RFC 4180): fields may be quoted, quotes within are doubled, lines end in LF or CRLF. The
 * separator is the comma, semicolon or tab that the header has most of. Empty lines are passed over.
 *
 * @param name What messages call it.
 * @throws ReverseDistillationError `INVALID_FILE` naming the line: a quote that is not closed or stands within a field,
 * or a row with another number of fields than the header.
 */
export function parseCsv(text: string, name: string): Table {
  const content = text.replace(/^\ufeff/, "");
  const header = content.slice(0, content.search(/\r?\n|$/));
  const separator = [",", ";", "\t"]
    .map((each) => ({ each, count: header.split(each).length }))
    .reduce((best, next) => (next.count > best.count ? next : best)).each;
  const [first, ...others] = records(content, separator, name);
  const columns = (first?.fields ?? []).map((column) => column.trim().toLowerCase());
  return {
    columns,
    rows: others.map(({ line, fields }) => {
      if (fields.length !== columns.length) {
        throw invalidLine(
          name,
          line,
          `has ${counted(fields.length, "field")}, but the header has ${columns.length}: ${columns.join(separator)}`,
        );
      }
      const named = columns.map((column, index) => [column, fields[index]!.trim()] as const);
      return { line, fields: new Map(named.filter(([, value]) => value !== "")) };
    }),
  };
}

function records(text: string, separator: string, name: string): { line: number; fields: string[] }[] {
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\r\n]*))(${separator}|\r?\n|$)`, "y");
  const found: { line: number; fields: string[] }[] = [];
  let line = 1;
  let fields: string[] = [];
  let start = line;
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text);
    if (match === null) throw invalidLine(name, line, "has a quote that is not closed, or within a field");
    const [whole, quoted, plain, end] = match;
    fields.push(quoted?.replaceAll('""', '"') ?? plain!);
    line += whole.split("\n").length - 1;
    if (end === separator) continue;
    if (fields.length > 1 || fields[0] !== "") found.push({ line: start, fields });
    fields = [];
    start = line;
    if (end === "") break;
  }
  return found;
}

function invalidLine(name: string, line: number, problem: string): ReverseDistillationError {
  return new ReverseDistillationError("INVALID_FILE", `Line ${line} of ${name} ${problem}.`);
}
