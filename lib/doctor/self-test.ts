import { spawn } from "node:child_process";
import sharp from "sharp";
import { resolvePlace } from "../detector/place.js";
import { ReverseDistillationError } from "../errors/error.js";
import { decodeImage } from "../image/decode.js";
import { loadAddon } from "../native/loader.js";

/** What scoring one image came to. */
export type SelfTest =
  | {
      ok: true;
      /** What it was computed on. */
      device: string;
      /** The version of the LibTorch that was open, and the instruction set that it chose. */
      libtorch: string;
      cpuCapability: string;
      score: number;
      /** From loading the addon to the score. */
      milliseconds: number;
    }
  | { ok: false; code?: string; message: string };

const side = 64;

/**
 * Takes one image through the package: encoded, decoded, scored by a detector with random weights, the
 * map looked at.
 */
export async function runSelfTest(): Promise<SelfTest> {
  const begin = performance.now();
  try {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 37) % 251);
    const png = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    const image = await decodeImage(png);
    const addon = loadAddon();
    const place = resolvePlace(addon, "auto", "float32");
    const model = await addon.Model.create({
      ...({ backbone: "resnet18", layout: "paper", layers: [1, 2, 3], combine: "sum", sigma: 4 } as const),
      ...({ height: side, width: side, normalisation: "imagenet", seed: 0 } as const),
      ...place,
    });
    try {
      const [result] = await model.score([image], 0, new addon.CancelToken());
      const { score = NaN, map = new Float32Array() } = result ?? {};
      const sound = map.length === side * side && map.every(Number.isFinite) && map.includes(score);
      if (!sound)
        return {
          ok: false,
          message: `the score of an image is ${score}, and its map has ${map.length} values`,
        };
      const { libtorch, cpuCapability } = addon.info();
      const milliseconds = Math.round(performance.now() - begin);
      return { ok: true, device: place.device, libtorch, cpuCapability, score, milliseconds };
    } finally {
      await model.dispose();
    }
  } catch (error) {
    const code = error instanceof ReverseDistillationError ? error.code : undefined;
    return { ok: false, code, message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Has a process of its own run the self-test, since what is broken may end it.
 *
 * @param command Arguments of Node's that make it print the outcome of {@link runSelfTest} as JSON.
 */
export async function selfTestApart(command: readonly string[], signal?: AbortSignal): Promise<SelfTest> {
  const child = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"], signal });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  const ended = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signalled) => resolve(signalled ?? `exit code ${code}`));
  });
  try {
    return JSON.parse(output.stdout) as SelfTest;
  } catch {
    const said = output.stderr.trim().split("\n").slice(-3).join(" ");
    return { ok: false, message: `it ended its process with ${ended}${said === "" ? "" : `: ${said}`}` };
  }
}
