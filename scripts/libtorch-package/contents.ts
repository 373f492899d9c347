import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { libtorchPackage } from "../../lib/native/libtorch/npm-package.js";
import { pinnedLibTorch } from "../../lib/native/libtorch/pins.js";
import type { TarEntry } from "./tar.js";
import type { WheelFile } from "./wheel.js";

/** The libraries of the CPU build. The package opens the first two, and libtorch_cpu needs the last. */
const libraries = ["libc10.so", "libtorch_cpu.so", "libgomp.so.1"];

/** Texts of licences that the wheel does not contain. */
const ownLicenses = fileURLToPath(new URL("licenses", import.meta.url));

/** The parts of the repository's package.json that the package with LibTorch shares. */
type Shared = Record<"author" | "homepage" | "repository" | "bugs", unknown>;

/**
 * Lists the files of the npm package, in the order in which they are packed: the manifest, what describes it, the
 * libraries, and every licence text in the wheel.
 *
 * @throws Error if the wheel lacks a library or its licences.
 */
export function contents(wheel: readonly WheelFile[], shared: Partial<Shared> = {}): TarEntry[] {
  const { version } = pinnedLibTorch.cpu;
  const info = `torch-${version}.dist-info/licenses/`;
  const fromWheel = (path: string, name: string): TarEntry => {
    const file = wheel.find((each) => each.path === path);
    if (file === undefined) throw new Error(`The wheel contains no ${path}`);
    return { path: name, size: file.size, open: file.open };
  };
  const licenses = wheel
    .filter(({ path }) => path.startsWith(info))
    .map(({ path }) => fromWheel(path, `licenses/pytorch/${path.slice(info.length)}`));
  const own = readdirSync(ownLicenses).map((name) =>
    text(`licenses/libgomp/${name}`, readFileSync(join(ownLicenses, name), "utf8")),
  );
  const files = [
    text("README.md", readme),
    text("build-version", `${version}\n`),
    fromWheel(`${info}LICENSE`, "LICENSE"),
    ...libraries.map((name) => fromWheel(`torch/lib/${name}`, `lib/${name}`)),
    ...[...licenses, ...own].sort((a, b) => (a.path < b.path ? -1 : 1)),
  ];
  const manifest = text("package.json", `${JSON.stringify(manifestOf(shared), null, 2)}\n`);
  // npm reads the manifest of a tarball from the folder "package".
  return [manifest, ...files].map((entry) => ({ ...entry, path: `package/${entry.path}` }));
}

function manifestOf({ author, homepage, repository, bugs }: Partial<Shared>): object {
  return {
    name: libtorchPackage.name,
    version: libtorchPackage.version,
    description: "LibTorch, PyTorch's C++ library, built for the CPU, for the package reverse-distillation.",
    keywords: ["libtorch", "pytorch"],
    // PyTorch's own expression, and that of libgomp.
    license:
      "Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSD-2-Clause AND BSD-3-Clause AND BSL-1.0 AND MIT AND " +
      "(GPL-3.0-or-later WITH GCC-exception-3.1)",
    ...{ author, homepage, repository, bugs },
    os: ["linux"],
    cpu: ["x64"],
    libc: ["glibc"],
    // Yarn's Plug'n'Play must unpack it, because the system's linker reads the files.
    preferUnplugged: true,
  };
}

const readme = `# ${libtorchPackage.name}

The CPU build of [LibTorch](https://pytorch.org) ${libtorchPackage.version}, PyTorch's C++ library, for Linux on x64 with glibc. [reverse-distillation](https://www.npmjs.com/package/reverse-distillation) depends on this package, so that npm installs all that it needs.

It contains three unchanged files of PyTorch's wheel \`${pinnedLibTorch.cpu.wheels[0]!.file}\` (SHA-256 \`${pinnedLibTorch.cpu.wheels[0]!.sha256}\`), and no code in JavaScript. Its version is LibTorch's.

## Licences

- LibTorch: [LICENSE](LICENSE) (BSD-3-Clause). \`licenses/pytorch\` has the texts for the third-party code in it, as in the wheel.
- \`lib/libtorch_cpu.so\` contains Intel's oneAPI Math Kernel Library, under the [Intel Simplified Software License](https://www.intel.com/content/www/us/en/developer/articles/license/onemkl-license-faq.html). Copyright (C) Intel Corporation.
- \`lib/libgomp.so.1\` is GCC's OpenMP library, built from GCC 8.5.0 (20210514, as in Enterprise Linux 8): GPL 3 or later with the GCC Runtime Library Exception 3.1, both in \`licenses/libgomp\`. Its source code is at https://gcc.gnu.org/releases.html.
`;

function text(path: string, content: string): TarEntry {
  const bytes = Buffer.from(content);
  return { path, size: bytes.length, open: () => Readable.from([bytes]) };
}
