import { fileURLToPath } from "node:url";
import test from "ava";
import type { RegionsResult } from "../../../bench/regions/results.js";
import { formatTable } from "../../../bench/regions/table.js";
import { runNode } from "../support/child-process.js";

const program = fileURLToPath(new URL("../../../bench/regions.ts", import.meta.url));

test("the table has one row per map, with the machine above it", (t) => {
  const spread = (seconds: number) => ({
    median: seconds,
    quartiles: [0.9 * seconds, 1.1 * seconds] as [number, number],
    rounds: 99,
  });
  const environment = { cpu: "a processor", cpuCapability: "AVX2", cores: 2, node: "20", date: "today" };
  const result = (kind: "smooth" | "noise", side: number): RegionsResult => ({
    ...{ kind, side, regions: 3, corners: 40, native: spread(0.0001), facade: spread(0.0002), load: 0.4 },
    environment: environment as RegionsResult["environment"],
  });
  t.regex(
    formatTable([{ ...result("smooth", 256), load: 3.21 }]),
    /^The machine did other work \(load average up to 3\.2\)\.$/m,
  );
  t.is(
    formatTable([result("smooth", 256), result("noise", 512)]),
    [
      "a processor (AVX2), 2 cores; Node.js 20, today.",
      "",
      "| Map | Side, px | Regions | Corners | Native call | findRegions |",
      "| --- | ---: | ---: | ---: | ---: | ---: |",
      "| smooth, with three spots | 256 | 3 | 40 | 0.100 ms (0.0900 to 0.110) | 0.200 ms (0.180 to 0.220) |",
      "| noise, half above | 512 | 3 | 40 | 0.100 ms (0.0900 to 0.110) | 0.200 ms (0.180 to 0.220) |",
      "",
    ].join("\n"),
  );
});

test("a quick run checks the regions of small maps and prints the table", async (t) => {
  const { code, stdout, stderr } = await runNode([program, "--quick"]);
  t.is(code, 0, stderr);
  for (const name of ["smooth, with three spots", "noise, half above"]) {
    t.regex(stdout, new RegExp(`^\\| ${name} \\| 64 \\| [1-9]\\d* \\| [1-9]\\d* \\| [\\d.]+ ms `, "m"));
  }
});
