/** Writes parts to the store in a folder until it is killed, and says on standard output what was kept. */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { verdicts } from "../../lib/verdicts.js";
import { newPart, openStore } from "./stored-parts.js";

const store = await openStore(process.argv[2]!, { destinations: ["out"] });

async function write(index: number): Promise<never> {
  for (;;) {
    const image = randomBytes(5000);
    const { id, digest } = await store.add(newPart(image, verdicts[index % 3]!), image);
    writeSync(1, `kept ${id} ${digest}\n`);
    if (index % 2 === 0) continue;
    await store.review(id, "overrule", "zoe");
    writeSync(1, `reviewed ${id}\n`);
  }
}

await Promise.all(Array.from({ length: 6 }, (_, index) => write(index)));
