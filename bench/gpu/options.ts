import { parseArgs } from "node:util";

/** What `npm run gpu` is asked for. */
export interface GpuOptions {
  /** "cpu" goes through everything without a GPU, to try it out. */
  device: "cpu" | `cuda:${number}`;
  /** Small sizes and few repetitions: the numbers mean nothing. */
  quick: boolean;
  /** The results file; default: bench/results/gpu-<device>.json. */
  out: string | undefined;
  /** A tarball that `npm pack` made; default: one that is packed now. */
  package: string | undefined;
  /** Time for everything, in minutes; what does not fit is skipped. */
  minutes: number;
}

/** @throws Error naming the option, what is allowed and what was given. */
export function parseGpuOptions(args: readonly string[]): GpuOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      device: { type: "string", default: "cuda:0" },
      quick: { type: "boolean", default: false },
      out: { type: "string" },
      package: { type: "string" },
      minutes: { type: "string", default: "10" },
    },
  });
  const { device, quick, out } = values;
  if (!/^(cpu|cuda:\d+)$/.test(device))
    throw new Error(`--device takes cpu or cuda:N; got ${JSON.stringify(device)}`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes)))
    throw new Error(`--minutes takes a number above 0; got ${JSON.stringify(values.minutes)}`);
  return { device: device as GpuOptions["device"], quick, out, package: values.package, minutes };
}
