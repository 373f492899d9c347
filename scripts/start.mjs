/**
 * Sets up the checkout, then runs the demonstration: trains on generated images of parts and scores defective ones.
 *
 *   node scripts/start.mjs [arguments of the demonstration]
 */
import { reportFailure, setUp } from "./setup.mjs";

try {
  // The demonstration runs the sources: dist/ can wait.
  await setUp({ bundle: false });
  // Imported late: before the set-up, tsx may be missing.
  const { tsImport } = await import("tsx/esm/api");
  /** @type {{ main(argv: string[]): Promise<void> }} */
  const { main } = await tsImport("../lib/cli/demo.ts", import.meta.url);
  await main(process.argv.slice(2));
} catch (error) {
  reportFailure(error);
}
