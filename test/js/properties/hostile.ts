import fc from "fast-check";

/** An object that throws whatever is done with it. */
function untouchable(): object {
  const refuse = (): never => {
    throw new RangeError("this proxy refuses everything");
  };
  const traps = ["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf", "set"] as const;
  return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, refuse])));
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(12);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** An object with getters that throw, under the names that this package's functions read. */
function withThrowingGetters(names: readonly string[]): object {
  const value = {};
  for (const name of names)
    Object.defineProperty(value, name, {
      enumerable: true,
      get: (): never => {
        throw new TypeError(`the getter of ${name} throws`);
      },
    });
  return value;
}

const readNames = [
  "data",
  "width",
  "signal",
  "imageSize",
  "test",
  "train",
  "image",
  "length",
  "dims",
  "then",
];

/** A value to be made, since some can be used only once, and fast-check itself must not touch others. */
export type Maker = () => unknown;

type Trap = readonly [name: string, make: Maker];

/** Values that break careless code. Made when they are drawn, since some can be used only once. */
const values: readonly Trap[] = [
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["-0", () => -0],
  ["2^53", () => 2 ** 53],
  ["a bigint", () => 10n ** 30n],
  ["a symbol", () => Symbol("hostile")],
  ["a function", () => () => 1],
  [
    "a function that throws",
    () => (): never => {
      throw new Error("called");
    },
  ],
  ["a zero byte", () => "a\0b"],
  ["a long string", () => "x".repeat(100_000)],
  ["half a surrogate", () => "\ud800"],
  ["__proto__", () => "__proto__"],
  ["a data URL", () => "data:image/png;base64,AAAA"],
  ["a web address", () => new URL("https://example.com/a.png")],
  ["a file URL with a host", () => new URL("file://host/a.png")],
  ["a file URL with %2F", () => new URL("file:///a%2Fb.png")],
  ["a folder", () => "/dev"],
  ["a device", () => "/dev/null"],
  ["an object that refuses everything", untouchable],
  ["a revoked proxy", () => revoked({})],
  ["a revoked proxy of an array", () => revoked([])],
  ["an array of revoked proxies", () => [revoked({}), revoked([])]],
  ["getters that throw", () => withThrowingGetters(readNames)],
  ["one getter that throws", () => withThrowingGetters(["data"])],
  [
    "inspection that throws",
    () => ({
      [Symbol.for("nodejs.util.inspect.custom")]: (): never => {
        throw new Error("no");
      },
    }),
  ],
  [
    "a toString that throws",
    () => ({
      toString: (): never => {
        throw new Error("no");
      },
    }),
  ],
  [
    "an iterator that throws",
    () => ({
      [Symbol.iterator]: (): never => {
        throw new Error("no");
      },
    }),
  ],
  ["an iterable of rubbish", () => new Set([1, "a", null])],
  ["an iterator without next", () => ({ [Symbol.iterator]: () => ({}) })],
  ["an iterator that yields no results", () => ({ [Symbol.iterator]: () => ({ next: () => 1 }) })],
  [
    "an object that contains itself",
    () => {
      const value: Record<string, unknown> = {};
      value.self = value;
      return value;
    },
  ],
  ["an object without a prototype", () => Object.create(null) as object],
  [
    "a deep array",
    () => {
      let value: unknown[] = [];
      for (let i = 0; i < 5000; i++) value = [value];
      return value;
    },
  ],
  ["a sparse array", () => Array.from({ length: 3 }).concat(new Array(3))],
  ["an empty array", () => []],
  ["bytes", () => Uint8Array.of(1, 2, 3)],
  ["detached bytes", detached],
  ["detached pixels", () => ({ data: detached(), width: 2, height: 2, channels: 3 })],
  [
    "shared pixels",
    () => ({ data: new Uint8Array(new SharedArrayBuffer(12)), width: 2, height: 2, channels: 3 }),
  ],
  ["pixels of no size", () => ({ data: new Uint8Array(0), width: 0, height: 0, channels: 3 })],
  ["pixels of a fractional size", () => ({ data: new Uint8Array(3), width: 0.5, height: 2, channels: 3 })],
  [
    "pixels whose size overflows",
    () => ({ data: new Uint8Array(3), width: 2 ** 31 - 1, height: 2 ** 31 - 1, channels: 3 }),
  ],
  ["pixels in floats", () => ({ data: new Float32Array(12), width: 2, height: 2, channels: 3 })],
  [
    "pixels without a prototype",
    () => ({ data: Object.create(null) as object, width: 2, height: 2, channels: 3 }),
  ],
  ["a map of the wrong length", () => [{ data: new Float32Array(3), height: 2, width: 2 }]],
  ["a map of NaN", () => [{ data: Float32Array.of(NaN), height: 1, width: 1 }]],
  ["a signal that is none", () => ({ signal: { aborted: false } })],
  ["an aborted signal", () => ({ signal: AbortSignal.abort(new Error("reason")) })],
  ["a promise", () => Promise.resolve("a.png")],
  [
    "a Blob that throws",
    () => ({
      size: 3,
      arrayBuffer: (): never => {
        throw new Error("no");
      },
    }),
  ],
  ["a Blob that rejects", () => ({ size: 3, arrayBuffer: () => Promise.reject(new Error("no")) })],
  ["a Blob without bytes", () => ({ size: 3, arrayBuffer: () => 5 })],
];

const trap: fc.Arbitrary<Maker> = fc
  .constantFrom(...values)
  // The name shows in counterexamples.
  .map(([name, make]) => Object.assign(() => make(), { [fc.toStringMethod]: () => name }));

const anything: fc.Arbitrary<Maker> = fc
  .anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withNullPrototype: true,
    withSparseArray: true,
  })
  // Such a path would be all of this machine's files.
  .filter((value) => typeof value !== "string" || !/^[./]+$/.test(value))
  .map((value) => Object.assign(() => value, { [fc.toStringMethod]: () => fc.stringify(value) }));

/** Every value that breaks careless code, by a name. */
export const traps: readonly Trap[] = Object.freeze(values);

/** Anything that a caller in JavaScript could pass; often a value that breaks careless code, or a list with one. */
export const hostile: fc.Arbitrary<Maker> = fc.oneof(
  trap,
  anything,
  fc.tuple(trap, anything).map(([first, second]) => () => [first(), second()]),
);
