import { parseArgs } from "node:util";

/** The options of `npm run gpu`. */
export interface GpuOptions {
  /** "cpu" runs everything without a GPU, to try the command out. */
  device: "cpu" | `cuda:${number}`;
  /** Whether to use small sizes and few repetitions. The numbers then mean nothing. */
  quick: boolean;
  /** The results file. Default: bench/results/gpu-<device>.json. */
  out: string | undefined;
  /** A tarball made by `npm pack`. Default: a new one is packed. */
  package: string | undefined;
  /** Time limit for everything, in minutes. What does not fit is skipped. */
  minutes: number;
}

/** @throws Error with the option, what is allowed and what was given. */
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
    throw new Error(`--device must be cpu or cuda:N; got ${JSON.stringify(device)}`);
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes)))
    throw new Error(`--minutes must be a number above 0; got ${JSON.stringify(values.minutes)}`);
  return { device: device as GpuOptions["device"], quick, out, package: values.package, minutes };
}
