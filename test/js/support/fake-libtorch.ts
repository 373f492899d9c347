import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Backend } from "../../../lib/native/libtorch/inspect.js";

/** A new folder that is removed after the test. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "reverse-distillation-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface FakeOptions {
  /** Default: "2.13.0+cpu". */
  version?: string;
  /** Names in lib/, whole. Default: those of a CPU build. */
  libraries?: string[];
  headers?: boolean;
}

/** Lays out a folder like an installed `torch`, with libraries that are sound to look at and empty. */
export function fakeLibTorch(directory: string, options: FakeOptions = {}): string {
  const { version = "2.13.0+cpu", libraries = ["libc10.so", "libtorch_cpu.so"], headers = true } = options;
  mkdirSync(join(directory, "lib"), { recursive: true });
  writeFileSync(join(directory, "version.py"), `from typing import Optional\n__version__ = '${version}'\n`);
  for (const name of libraries) writeFileSync(join(directory, "lib", name), sharedLibraryBytes());
  if (headers) {
    const folder = join(directory, "include", "torch", "csrc", "api", "include", "torch");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "torch.h"), "");
  }
  return directory;
}

/** The bytes of a 64-bit ELF file whose section table, two entries, ends the file. */
export function sharedLibraryBytes(machine = process.arch === "arm64" ? 183 : 62): Buffer {
  const sectionSize = 64;
  const bytes = Buffer.alloc(64 + 2 * sectionSize);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes.set([2, 1, 1], 4);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 40);
  bytes.writeUInt16LE(sectionSize, 58);
  bytes.writeUInt16LE(2, 60);
  return bytes;
}

/** Makes a real shared library from C, with Node-API's headers at hand. */
export function compile(output: string, source: string): string {
  mkdirSync(dirname(output), { recursive: true });
  const { include_dir: include } = createRequire(import.meta.url)("node-api-headers") as {
    include_dir: string;
  };
  execFileSync("cc", ["-shared", "-fPIC", "-I", include, "-x", "c", "-", "-o", output], { input: source });
  return output;
}

/** A folder like a LibTorch whose libraries can be opened, and which says that it is this version. */
export function openableLibTorch(directory: string, minor: string, backend: Backend = "cpu"): string {
  fakeLibTorch(directory, { version: `${minor}.0+${backend === "cpu" ? "cpu" : "cu130"}`, libraries: [] });
  if (backend === "cuda")
    for (const name of ["c10_cuda", "torch_cuda"])
      compile(join(directory, "lib", `lib${name}.so`), `int fake_${name};`);
  const [major, second] = minor.split(".");
  compile(join(directory, "lib", "libc10.so"), "int fake_c10;");
  compile(
    join(directory, "lib", "libtorch_cpu.so"),
    `#include <stdint.h>
     uint64_t aoti_torch_abi_version(void) { return ${major}ULL << 56 | ${second}ULL << 48; }`,
  );
  return directory;
}

/**
 * An implementation that tells on the standard output when it is opened and when it is shut down.
 *
 * @param opened what it says then.
 */
export function fakeImplementation(output: string, opened = "opened"): string {
  return compile(
    output,
    `#include <node_api.h>
     #include <unistd.h>
     static void say(const char *text, size_t length) { (void)!write(1, text, length); }
     __attribute__((constructor)) static void opened(void) { say("${opened}\\n", ${opened.length + 1}); }
     static napi_value info(napi_env env, napi_callback_info callback) { return NULL; }
     static napi_value shutdown_jobs(napi_env env, napi_callback_info info) { say("shutdown\\n", 9); return NULL; }
     NAPI_MODULE_INIT() {
       napi_value function;
       napi_create_function(env, "shutdown", NAPI_AUTO_LENGTH, shutdown_jobs, NULL, &function);
       napi_set_named_property(env, exports, "shutdown", function);
       napi_create_function(env, "info", NAPI_AUTO_LENGTH, info, NULL, &function);
       napi_set_named_property(env, exports, "info", function);
       return exports;
     }`,
  );
}
