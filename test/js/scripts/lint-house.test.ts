import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { floors } from "../../../scripts/house/typescript.mjs";
import { checkHouse } from "../../../scripts/lint-house.mjs";
import { temporaryFolder } from "../support/fake-libtorch.js";

/** Compares what the house lint reports about a checkout with only these files. */
const violationsOf = test.macro((t, files: Record<string, string>, expected: string[]) => {
  const root = temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const found = checkHouse(root).map(({ path, line, message }) => `${path}:${line}: ${message}`);
  t.deepEqual(found, expected);
});

test("this checkout breaks no rule", (t) => {
  t.deepEqual(checkHouse(fileURLToPath(new URL("../../..", import.meta.url))), []);
});

test(
  "files that keep to the directions pass",
  violationsOf,
  {
    "native/binding/addon.cpp":
      '#include <napi.h>\n#include "core/error.h"\n#include "pipeline/detector.h"\n',
    "native/pipeline/detector.cpp":
      '#include "detector.h"\n#include "model/teacher.h"\n#include "ops/ops.h"\n',
    "native/model/teacher.cpp":
      '#include "model/teacher.h"\n#include <torch/nn.h>\n#include "core/error.h"\n',
    "native/ops/cuda/blur.cu": "#include <cuda_runtime.h>\n#include <c10/cuda/CUDAStream.h>\n",
    "native/loader/loader.c": "#include <node_api.h>\n",
    "lib/index.ts": 'export { a } from "./detector/a.js";\nimport sharp from "sharp";\n',
    "lib/detector/a.ts":
      'import { loadAddon } from "../native/loader.js";\nimport "../version.js";\nexport const a = loadAddon;\n',
    "lib/native/loader.ts":
      'import build from "node-gyp-build";\nprocess.dlopen({ exports: {} }, "x.node");\n',
  },
  [],
);

test(
  "a lower room must not include from a higher one",
  violationsOf,
  {
    "native/core/error.cpp": '#include "core/error.h"\n#include "ops/ops.h"\n',
    "native/pipeline/loss.cpp": '#include "binding/wrap.h"\n',
  },
  [
    "native/core/error.cpp:2: ops/ops.h: core must not include from ops, only from itself",
    "native/pipeline/loss.cpp:1: binding/wrap.h: pipeline must not include from binding, only from inference, model, ops, core",
  ],
);

test(
  "model and ops never meet",
  violationsOf,
  {
    "native/model/teacher.h": '#include "ops/ops.h"\n',
    "native/ops/cpu/blur.cpp": '#include "../../model/teacher.h"\n',
  },
  [
    "native/model/teacher.h:1: ops/ops.h: model must not include from ops, only from core",
    "native/ops/cpu/blur.cpp:1: ../../model/teacher.h: ops must not include from model, only from core",
  ],
);

test(
  "only the binding and the loader may include N-API",
  violationsOf,
  {
    "native/core/error.h": "#pragma once\n#  include <napi.h>\n",
    "native/pipeline/trainer.cpp": "#include <node_api.h>\n",
  },
  [
    "native/core/error.h:2: napi.h: only native/binding/ and native/loader/ may include N-API",
    "native/pipeline/trainer.cpp:1: node_api.h: only native/binding/ and native/loader/ may include N-API",
  ],
);

test(
  "only ops/cuda and core/cuda may include CUDA",
  violationsOf,
  {
    "native/core/device.cpp": "#include <c10/cuda/CUDAStream.h>\n",
    "native/ops/cpu/blur.cpp": "#include <cuda_runtime.h>\n",
    "native/ops/blur.cu": "",
  },
  [
    "native/core/device.cpp:1: c10/cuda/CUDAStream.h: only native/ops/cuda/ and native/core/cuda/ may include CUDA",
    "native/ops/blur.cu:1: CUDA sources belong in native/ops/cuda/ or native/core/cuda/",
    "native/ops/cpu/blur.cpp:1: cuda_runtime.h: only native/ops/cuda/ and native/core/cuda/ may include CUDA",
  ],
);

test("there are no other rooms", violationsOf, { "native/extra/a.cpp": "" }, [
  "native/extra/a.cpp:1: this file is in none of native/'s rooms: core, ops, model, inference, pipeline, binding, loader",
]);

test(
  "lib must not import from outside itself",
  violationsOf,
  {
    "lib/image/a.ts": 'import "../../test/js/a.js";\nconst b = await import("../../bench/b.js");\n',
    "lib/native/c.ts": 'import type { C } from "../../scripts/c.js";\n',
  },
  [
    "lib/image/a.ts:1: ../../test/js/a.js: lib/ must not import from outside itself",
    "lib/image/a.ts:2: ../../bench/b.js: lib/ must not import from outside itself",
    "lib/native/c.ts:1: ../../scripts/c.js: lib/ must not import from outside itself",
  ],
);

test(
  "only loadAddon() may open the addon",
  violationsOf,
  {
    "lib/image/a.ts": 'import build from "node-gyp-build";\nprocess.dlopen(module, path);\n',
    "lib/image/b.ts": 'const addon = require("../../build/Release/reverse_distillation.node");\n',
  },
  [
    "lib/image/a.ts:1: node-gyp-build: only loadAddon() may open the addon",
    "lib/image/a.ts:2: process.dlopen: only loadAddon() may open the addon",
    "lib/image/b.ts:1: ../../build/Release/reverse_distillation.node: lib/ must not import from outside itself",
    "lib/image/b.ts:1: ../../build/Release/reverse_distillation.node: only loadAddon() may open the addon",
    'lib/image/b.ts:1: "../../build/Release/reverse_distillation.node": only loadAddon() may open the addon',
  ],
);

test(
  "a room of lib imports only from lower floors",
  violationsOf,
  {
    "lib/files/a.ts": 'import "../options/model.js";\nimport "../errors/error.js";\n',
    "lib/image/b.ts": 'import type { D } from "../detector/detector.js";\nimport { i } from "../index.js";\n',
    "lib/index.ts": "",
    "lib/random.ts": 'import { show } from "./errors/validate.js";\n',
  },
  [
    "lib/files/a.ts:1: ../options/model.js: files must not import from options, only from errors",
    "lib/image/b.ts:1: ../detector/detector.js: image must not import from detector, only from errors, files, options",
    "lib/image/b.ts:2: ../index.js: nothing may import an entry",
    "lib/random.ts:1: ./errors/validate.js: random.ts must not import a room",
  ],
);

test(
  "lib has no other rooms, and outside them only entries and leaves",
  violationsOf,
  {
    "lib/extra/a.ts": "",
    "lib/train.ts": "",
    "lib/index.ts": 'export { a } from "./image/a.js";\nconst b = 1;\n',
  },
  [
    `lib/extra/a.ts:1: this file is in none of lib/'s rooms: ${floors.flat().join(", ")}`,
    "lib/index.ts:2: an entry may only import and export",
    "lib/train.ts:1: outside its rooms, lib/ contains only index.ts, cli.ts, preprocess.ts, random.ts, version.ts",
  ],
);

test(
  "imports make no cycle, types included",
  violationsOf,
  {
    "lib/image/a.ts": 'import { b } from "./b.js";\n',
    "lib/image/b.ts": 'import { c } from "./c.js";\n',
    "lib/image/c.ts": '\nimport type { A } from "./a.js";\n',
  },
  ["lib/image/c.ts:2: import cycle: lib/image/a.ts -> lib/image/b.ts -> lib/image/c.ts -> lib/image/a.ts"],
);

test(
  "no file or folder is called utils or common",
  violationsOf,
  {
    "lib/image/utils.ts": "",
    "native/core/common.h": "",
    "bench/helpers/timing.ts": "",
    "lib/image/uncommon.ts": "",
  },
  [
    "bench/helpers/timing.ts:1: this name says nothing; name the file's one concern",
    "lib/image/utils.ts:1: this name says nothing; name the file's one concern",
    "native/core/common.h:1: this name says nothing; name the file's one concern",
  ],
);

test(
  "the service and the fleet import the package by its name",
  violationsOf,
  {
    "lib/index.ts": 'export { a } from "./detector/a.js";\n',
    "lib/detector/a.ts": "export const a = 1;\n",
    "service/lib/good.ts": 'import { a } from "reverse-distillation";\nimport "./models/b.js";\n',
    "service/lib/models/b.ts": 'import { a } from "../../../lib/detector/a.js";\n',
    "fleet/lib/a.ts": 'import { a } from "../../lib/detector/a.js";\n',
  },
  [
    'fleet/lib/a.ts:1: ../../lib/detector/a.js: fleet/ must import "reverse-distillation"',
    'service/lib/models/b.ts:1: ../../../lib/detector/a.js: service/ must import "reverse-distillation"',
  ],
);
