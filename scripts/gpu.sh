#!/bin/sh
# Runs scripts/gpu.mjs with the arguments given, on a machine that may have no Node: if there is none, with what
# `npm run gpu:bundle` packed into .gpu. PyTorch's CUDA build, nvcc, CMake and ninja must be there.
set -eu
cd "$(dirname "$0")/.."
if ! command -v node >/dev/null 2>&1 && [ ! -x .gpu/bin/node ]; then
  if [ ! -f .gpu/node.xz ]; then
    echo "There is no Node here, and no bundle: run npm run gpu:bundle elsewhere and bring .gpu along." >&2
    exit 1
  fi
  mkdir -p .gpu/bin
  xz -dc .gpu/node.xz >.gpu/bin/node.new
  chmod 755 .gpu/bin/node.new
  mv .gpu/bin/node.new .gpu/bin/node
fi
if [ ! -d node_modules/tsx ] && [ -f .gpu/modules.tar.xz ]; then
  xz -dc .gpu/modules.tar.xz | tar -x
fi
[ ! -x .gpu/bin/node ] || PATH="$PWD/.gpu/bin:$PATH"
export PATH
if [ -f .gpu/package.tgz ]; then
  exec node scripts/gpu.mjs --package .gpu/package.tgz "$@"
fi
exec node scripts/gpu.mjs "$@"
