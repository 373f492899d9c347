import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { digestOf } from "../../lib/store/image-file.js";
import type { Part } from "../../lib/store/part.js";
import { openStore } from "./stored-parts.js";

const writer = fileURLToPath(new URL("store-writer.ts", import.meta.url));

/** What kills left. */
export interface KillReport {
  /** Parts whose writer was told that they are kept. */
  acknowledged: number;
  /** Reviews whose writer was told so. */
  reviewed: number;
  /** Rows in the end: those that were acknowledged, and those whose acknowledgement was cut off. */
  rows: number;
  /** What was lost or left over. */
  wrong: string[];
}

/**
 * Starts a process that writes to a store, and kills it at a random moment, again and again. Then looks whether
 * everything that the process was told to be kept is there.
 */
export async function killAgainAndAgain(
  folder: string,
  kills: number,
  random: () => number,
): Promise<KillReport> {
  const acknowledged = new Map<string, string>();
  const reviewed = new Set<string>();
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, ["--import=tsx", writer, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => {
      const [what, id, digest] = line.split(" ");
      if (what === "kept") acknowledged.set(id!, digest!);
      if (what === "reviewed") reviewed.add(id!);
    });
    const [exited, closed] = [once(child, "exit"), once(lines, "close")];
    await Promise.race([
      once(lines, "line"),
      exited.then(() => {
        throw new Error("the writer ended by itself");
      }),
    ]);
    await new Promise((resolve) => setTimeout(resolve, random() * 100));
    child.kill("SIGKILL");
    await Promise.all([exited, closed]);
  }
  return { ...(await look(folder, acknowledged, reviewed)), reviewed: reviewed.size };
}

async function look(
  folder: string,
  acknowledged: ReadonlyMap<string, string>,
  reviewed: ReadonlySet<string>,
): Promise<Omit<KillReport, "reviewed">> {
  const wrong: string[] = [];
  const store = await openStore(folder, { destinations: ["out"] });
  const parts = new Map<string, Part>();
  for (let before: number | undefined, first = true; first || before !== undefined; first = false) {
    const page = store.list({ before }, 1000);
    for (const part of page.parts) parts.set(part.id, part);
    before = page.next;
  }
  for (const [id, digest] of acknowledged)
    if (parts.get(id)?.digest !== digest) wrong.push(`the part ${id} was lost`);
  for (const id of reviewed) if (!parts.get(id)?.review) wrong.push(`the review of ${id} was lost`);
  for (const { id, image, digest } of parts.values())
    if (image !== null && digestOf((await store.image(id)).bytes) !== digest)
      wrong.push(`the image of ${id} is not the one that was given`);
  const images = (await readdir(join(folder, "images"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  for (const name of images) if (!parts.get(name)?.image) wrong.push(`the image ${name} belongs to no part`);
  const events = store.outbox.find(({ destination }) => destination === "out")?.waiting ?? 0;
  const expected = parts.size + [...parts.values()].filter(({ review }) => review).length;
  if (events !== expected) wrong.push(`there are ${events} events for ${expected} parts and reviews`);
  await store.close();
  if (existsSync(join(folder, "parts.sqlite-wal"))) wrong.push("the log of writes was left over");
  return { acknowledged: acknowledged.size, rows: parts.size, wrong };
}
