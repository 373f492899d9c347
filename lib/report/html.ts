/** HTML that is safe to put into a page as it is. */
export class Markup {
  constructor(readonly text: string) {}
}

type Content = Markup | string | number | readonly Content[];

/** HTML from a template: everything that is filled in is text, and is escaped, except other {@link Markup}. */
export function html(template: TemplateStringsArray, ...contents: Content[]): Markup {
  const text = template.reduce((all, part, index) => all + escaped(contents[index - 1]!) + part);
  return new Markup(text);
}

function escaped(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(escaped).join("");
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
