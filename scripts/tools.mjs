/** The tools that must be installed, each with its remedy. Uses built-ins only: this runs before `npm ci`. */
import { spawnSync } from "node:child_process";

/** Thrown if a tool is missing or too old. The message says what to do. */
export class MissingTool extends Error {
  /** @override */
  name = "MissingTool";
}

/** Requires the Node.js of `engines` in package.json. */
export function requireNode() {
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new MissingTool(
      `This is Node.js ${process.versions.node}; 20 or later is needed: https://nodejs.org`,
    );
}

/** Requires npm. */
export function requireNpm() {
  if (output("npm", ["--version"]) === undefined)
    throw new MissingTool("npm is not on the PATH. It comes with Node.js: https://nodejs.org");
}

/** Requires the CMake of CMakeLists.txt, and Ninja or make. */
export function requireCMake() {
  const version = /version (\d+)\.(\d+)/.exec(output("cmake", ["--version"]) ?? "");
  if (version === null)
    throw new MissingTool(
      "CMake is not on the PATH. Install CMake 3.18 or later (Debian, Ubuntu: apt install cmake).",
    );
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < 3 || (major === 3 && minor < 18))
    throw new MissingTool(
      `This is CMake ${major}.${minor}; 3.18 or later is needed (pip install cmake installs a recent one).`,
    );
  if (!hasNinja() && output("make", ["--version"]) === undefined)
    throw new MissingTool(
      "Neither ninja nor make is on the PATH. Install one (Debian, Ubuntu: apt install ninja-build).",
    );
}

/** Requires a compiler for C++20: $CXX, or the one that CMake would choose. */
export function requireCompiler() {
  const candidates = process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"];
  const compiler = candidates.find((name) => output(name, ["--version"]) !== undefined);
  if (compiler === undefined)
    throw new MissingTool(
      `Found no C++ compiler on the PATH (tried ${candidates.join(", ")}). Install g++ 11 or later, or clang 14 or later ` +
        "(Debian, Ubuntu: apt install g++).",
    );
  const probe = "#include <concepts>\n#include <span>\nint main() { return std::integral<int> ? 0 : 1; }\n";
  if (output(compiler, ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"], probe) === undefined)
    throw new MissingTool(
      `${compiler} does not compile C++20. Install g++ 11 or later, or clang 14 or later, and name it in CXX.`,
    );
}

/**
 * Requires a CUDA compiler that supports C++20: $CUDACXX, `nvcc` on the PATH, or the one in /usr/local/cuda.
 *
 * @returns {string} its path or name.
 */
export function requireNvcc() {
  const candidates = process.env.CUDACXX ? [process.env.CUDACXX] : ["nvcc", "/usr/local/cuda/bin/nvcc"];
  for (const nvcc of candidates) {
    const version = /release (\d+)\.(\d+)/.exec(output(nvcc, ["--version"]) ?? "");
    if (version === null) continue;
    if (Number(version[1]) >= 12) return nvcc;
    throw new MissingTool(`${nvcc} belongs to CUDA ${version[1]}.${version[2]}; 12.0 or later is needed.`);
  }
  throw new MissingTool(
    `CUDA's compiler is missing (tried ${candidates.join(", ")}). Install the CUDA toolkit of the version ` +
      "that PyTorch was built for, then put nvcc on the PATH or name it in CUDACXX.",
  );
}

/** Whether Ninja is on the PATH. It builds faster than make. */
export function hasNinja() {
  return output("ninja", ["--version"]) !== undefined;
}

/**
 * What a program prints; undefined if it is missing or fails.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} [input]
 */
function output(program, args, input) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", input });
  return status === 0 ? stdout : undefined;
}
