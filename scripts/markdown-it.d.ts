declare module "markdown-it" {
  export interface Token {
    type: string;
    content: string;
    children: Token[] | null;
    /** The first line of its block and the one after its last, from 0; inline tokens have none. */
    map: [begin: number, end: number] | null;
    attrGet(name: string): string | null;
  }
  export default class MarkdownIt {
    constructor(preset: string, options: { html: boolean });
    parse(text: string, environment: object): Token[];
  }
}
