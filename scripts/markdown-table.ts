/** Formats a Markdown table. */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: (column: number) => "---" | "---:" = () => "---",
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(header) + line(header.map((_, column) => alignment(column))) + rows.map(line).join("");
}
