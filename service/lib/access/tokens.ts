import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { isRole, roles, type Role } from "./roles.js";

/** Who makes a request. */
export interface Caller {
  name: string;
  role: Role;
}

interface Entry extends Caller {
  digest: Buffer;
}

/** A name of a token: it appears in logs and in rows of results. */
const names = /^[\w.-]{1,64}$/;

/**
 * The tokens that a file lists: one a line, `<role> <name> <SHA-256 of the token in hexadecimal>`. Empty lines and lines
 * that start with # do not count. The file does not contain the tokens themselves.
 */
export class Tokens {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /** @throws Error naming the line that is wrong. */
  static async read(path: string): Promise<Tokens> {
    return Tokens.parse(await readFile(path, "utf8"), path);
  }

  /**
   * @param source What messages call the text.
   * @throws Error naming the line that is wrong.
   */
  static parse(text: string, source: string): Tokens {
    const entries = text.split("\n").flatMap((line, index) => {
      const trimmed = line.trim();
      return trimmed === "" || trimmed.startsWith("#") ? [] : [parseLine(trimmed, `${source}:${index + 1}`)];
    });
    if (entries.length === 0)
      throw new Error(`${source} lists no token. Add one: reverse-distillation serve token --help`);
    const twice = entries.find(({ name }, index) => entries.findIndex((each) => each.name === name) < index);
    if (twice !== undefined) throw new Error(`${source} has two tokens of the name ${twice.name}.`);
    return new Tokens(entries);
  }

  /**
   * Finds whose token it is. All digests are compared, each in constant time, so the time taken tells nothing about the
   * tokens.
   */
  callerOf(token: string): Caller | undefined {
    const given = digestOf(token);
    let found: Entry | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, given)) found = entry;
    return found && { name: found.name, role: found.role };
  }
}

/**
 * Makes a token and adds its line to a file, which only its owner can read if it is new.
 *
 * @returns the token, which is stored nowhere.
 * @throws Error if the name is not allowed or taken.
 */
export async function addToken(path: string, { role, name }: Caller): Promise<string> {
  const there = await readFile(path, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  const token = randomBytes(32).toString("base64url");
  const line = `${role} ${name} ${digestOf(token).toString("hex")}\n`;
  const gap = there === "" || there.endsWith("\n") ? "" : "\n";
  Tokens.parse(`${there}${gap}${line}`, path);
  await appendFile(path, `${gap}${line}`, { mode: 0o600 });
  return token;
}

function parseLine(line: string, place: string): Entry {
  const [role = "", name = "", digest = "", ...rest] = line.split(/\s+/);
  if (!isRole(role))
    throw new Error(
      `${place}: the role must be ${Object.keys(roles).join(", ")}; got ${JSON.stringify(role)}.`,
    );
  if (!names.test(name))
    throw new Error(
      `${place}: a name has up to 64 letters, digits, dots, hyphens and underscores; got ${JSON.stringify(name)}.`,
    );
  if (!/^[\da-f]{64}$/i.test(digest) || rest.length > 0)
    throw new Error(`${place}: after the role and the name comes the token's SHA-256 in hexadecimal.`);
  return { role, name, digest: Buffer.from(digest, "hex") };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
