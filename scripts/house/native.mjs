/** The directions of native/: which room may include which. */
import { posix } from "node:path";
import { lineAt, sourcesIn } from "./files.mjs";

/** @type {Record<string, string[]>} the rooms that each room may include from, apart from itself. */
export const below = {
  core: [],
  ops: ["core"],
  model: ["core"],
  inference: ["model", "ops", "core"],
  pipeline: ["inference", "model", "ops", "core"],
  binding: ["pipeline", "inference", "model", "ops", "core"],
  loader: [],
};

const nodeHeaders = /^(napi|napi-inl|node_api|js_native_api)(_types)?\.h$/;
const nodeRooms = ["native/binding/", "native/loader/"];

const cudaHeaders =
  /^(cuda|cublas|curand|cusparse|cusolver|cudnn|nvtx|cub\/|thrust\/|c10\/cuda\/|ATen\/cuda\/)/;
const cudaRooms = ["native/ops/cuda/", "native/core/cuda/"];

/**
 * @param {string} root the folder of the checkout.
 * @returns {import("./files.mjs").Violation[]}
 */
export function checkNative(root) {
  return sourcesIn(root, "native", /\.(c|cc|cpp|cu|cuh|h|hpp)$/).flatMap((source) => [
    ...checkRoom(source),
    ...includesOf(source).flatMap((include) => checkInclude(source, include)),
  ]);
}

/**
 * @param {import("./files.mjs").Source} source
 * @returns {import("./files.mjs").Violation[]}
 */
function checkRoom({ path }) {
  const room = roomOf(path);
  if (!(room in below))
    return [
      { path, line: 1, message: `this file is in none of native/'s rooms: ${Object.keys(below).join(", ")}` },
    ];
  if (/\.cuh?$/.test(path) && !isIn(path, cudaRooms))
    return [{ path, line: 1, message: `CUDA sources belong in ${cudaRooms.join(" or ")}` }];
  return [];
}

/**
 * @param {import("./files.mjs").Source} source
 * @param {{ header: string, line: number }} include
 * @returns {import("./files.mjs").Violation[]}
 */
function checkInclude({ path }, { header, line }) {
  if (nodeHeaders.test(header) && !isIn(path, nodeRooms))
    return [{ path, line, message: `${header}: only ${nodeRooms.join(" and ")} may include N-API` }];
  if (cudaHeaders.test(header) && !isIn(path, cudaRooms))
    return [{ path, line, message: `${header}: only ${cudaRooms.join(" and ")} may include CUDA` }];

  const from = roomOf(path);
  const target = posix.normalize(
    header.startsWith(".") ? posix.join(posix.dirname(path), header) : `native/${header}`,
  );
  const to = roomOf(target);
  if (!(to in below) || from === to || below[from]?.includes(to)) return [];
  const allowed = below[from]?.join(", ") || "itself";
  return [{ path, line, message: `${header}: ${from} must not include from ${to}, only from ${allowed}` }];
}

/**
 * @param {import("./files.mjs").Source} source
 * @returns {{ header: string, line: number }[]}
 */
function includesOf({ text }) {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]/gm)].map((match) => ({
    header: match[1] ?? "",
    line: lineAt(text, match.index),
  }));
}

/** @param {string} path such as "native/core/error.h" */
function roomOf(path) {
  const [top, room] = path.split("/");
  return top === "native" ? (room ?? "") : "";
}

/**
 * @param {string} path
 * @param {string[]} rooms
 */
function isIn(path, rooms) {
  return rooms.some((room) => path.startsWith(room));
}
