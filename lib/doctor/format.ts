import type { Diagnosis } from "./diagnosis.js";

/** Formats a complete diagnosis as lines of text, for people and for bug reports. */
export function formatDiagnosis(diagnosis: Diagnosis): string[] {
  const { machine, selfTest, loader, chosen } = diagnosis;
  const { cpu, nvidia } = machine;
  const lines: [name: string, ...values: string[]][] = [
    ["package", `reverse-distillation ${diagnosis.package.version} in ${diagnosis.package.path}`],
    ["sharp", `${diagnosis.package.sharp} (libvips ${diagnosis.package.vips})`],
    ["Node.js", `${machine.node.version}, Node-API ${machine.node.napi}, ${machine.node.path}`],
    [
      "system",
      `${machine.platform}, ${machine.libc}, kernel ${machine.kernel}, ${machine.memoryMegabytes} MB`,
    ],
    ["processor", `${cpu.model}, ${cpu.threads} threads, ${cpu.features.join(" ")}`],
    [
      "GPU",
      nvidia === null
        ? "none (no NVIDIA driver found)"
        : `${nvidia.gpus.join(", ") || "unknown model"}, driver ${nvidia.driver ?? "version unknown"}`,
    ],
    [
      "limits",
      ...machine.limits.map(
        ({ what, source, limit, used }) =>
          `${source}: ${used} of ${limit} ${what === "threads" ? what : `bytes of ${what}`}`,
      ),
    ],
    ["cache", diagnosis.cache],
    ["environment", ...Object.entries(diagnosis.environment).map(([name, value]) => `${name}=${value}`)],
    ["LibTorch", ...diagnosis.libtorch.map(describeLibTorch)],
    ["loader", "path" in loader ? loader.path : loader.error],
    [
      "binaries",
      ...diagnosis.implementations.map(({ path, defect }) => (defect ? `${path}: ${defect}` : path)),
    ],
    ["chosen", chosen === null ? "nothing" : `${chosen.implementation} on ${chosen.libtorch}`],
    [
      "self-test",
      selfTest.ok
        ? `passed on ${selfTest.device} in ${selfTest.milliseconds} ms (LibTorch ${selfTest.libtorch}, ${selfTest.cpuCapability})`
        : `FAILED: ${selfTest.message}${selfTest.code === undefined ? "" : ` (${selfTest.code})`}`,
    ],
    ["advice", ...diagnosis.advice],
  ];
  return lines.flatMap(([name, ...values]) =>
    values
      .flatMap((value) => value.split("\n"))
      .map((value, index) => `${(index === 0 ? name : "").padEnd(12)} ${value}`.trimEnd()),
  );
}

/** Why a LibTorch from there is used. */
const whyUsed: Record<Diagnosis["libtorch"][number]["origin"], string> = {
  chosen: "LIBTORCH or configureNative() names it",
  package: "npm installed it with this package",
  cache: "it was installed there, and no other comes first",
  python: "it is the first that fits",
};

function describeLibTorch({ origin, place, state, version, reason }: Diagnosis["libtorch"][number]): string {
  const outcome = {
    used: `${version}, used: ${whyUsed[origin]}`,
    fits: `${version}, compatible, but another comes first`,
    misfit: `incompatible: ${reason}`,
    absent: `${reason}`,
  };
  return `${origin}: ${place}: ${outcome[state]}`;
}
