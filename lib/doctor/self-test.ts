import { spawn } from "node:child_process";
import sharp from "sharp";
import { resolvePlace } from "../detector/place.js";
import { ReverseDistillationError } from "../errors/error.js";
import { decodeImage } from "../image/decode.js";
import { loadAddon } from "../native/loader.js";

/** The result of scoring one image. */
export type SelfTest =
  | {
      ok: true;
      /** The device that was used. */
      device: string;
      /** The version of LibTorch. */
      libtorch: string;
      /** The instruction set that LibTorch uses. */
      cpuCapability: string;
      score: number;
      /** The time from loading the addon to the score. */
      milliseconds: number;
    }
  | { ok: false; code?: string; message: string };

const side = 64;

/**
 * Tests the whole package with one image: encodes and decodes it, scores it with a model with random weights, and
 * checks the map.
 */
export async function runSelfTest(): Promise<SelfTest> {
  const begin = performance.now();
  try {
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 37) % 251);
    const png = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    const image = await decodeImage(png);
    const addon = await loadAddon();
    const place = resolvePlace(addon, "auto", "float32");
    const model = await addon.Model.create({
      ...({ backbone: "resnet18", layout: "paper", layers: [1, 2, 3], combine: "sum", sigma: 4 } as const),
      ...({ height: side, width: side, normalisation: "imagenet", fit: "stretch", seed: 0 } as const),
      ...place,
    });
    try {
      const [result] = await model.score([image], 0, new addon.CancelToken());
      const { score = NaN, map = new Float32Array() } = result ?? {};
      const sound = map.length === side * side && map.every(Number.isFinite) && map.includes(score);
      if (!sound)
        return {
          ok: false,
          message: `scoring an image returned the score ${score} and a map of ${map.length} values`,
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
 * Runs the self-test in a child process, since it may crash.
 *
 * @param command Arguments for Node.js that make it print the result of {@link runSelfTest} as JSON.
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
    const lastLines = output.stderr.trim().split("\n").slice(-3).join(" ");
    return {
      ok: false,
      message: `the self-test process ended with ${ended}${lastLines && `: ${lastLines}`}`,
    };
  }
}
