import { breathe } from "../errors/breathe.js";
import { ByteCursor } from "./byte-cursor.js";
import { PickleError } from "./pickle-error.js";
import { isKind, type PickleValue, type TorchGlobal } from "./values.js";

/**
 * A restricted pickle interpreter: it supports the part of the language that PyTorch uses for tensors in dictionaries,
 * lists and tuples. A pickle can look up and call only what {@link PickleWorld} provides.
 */

/** Everything that a pickle can reach outside itself. Errors thrown here pass through. */
export interface PickleWorld {
  findGlobal(module: string, name: string): TorchGlobal;
  /** Resolves a reference to an object stored outside the pickle: a storage. */
  persistent(id: PickleValue): PickleValue;
}

/**
 * The maximum number of instructions, which is enough for about 25 000 tensors. It bounds memory and time, because no
 * instruction creates more than one object, or text longer than itself, or looks at more than a few values that other
 * instructions pushed.
 */
const maxInstructions = 1_000_000;

/** How many instructions run before the event loop does. */
const stride = 20_000;

/**
 * Interprets the pickle that starts at `start`.
 *
 * @returns its value, and the position after it.
 * @throws PickleError; PickleEndError if `bytes` end before the pickle does; ReverseDistillationError `ABORTED`.
 */
export async function unpickle(
  bytes: Buffer,
  start: number,
  world: PickleWorld,
  signal?: AbortSignal,
): Promise<{ value: PickleValue; end: number }> {
  const machine = new Machine(new ByteCursor(bytes, start), world);
  for (let count = 0; count < maxInstructions; count++) {
    if (count % stride === stride - 1) await breathe(signal);
    const code = machine.cursor.uint8();
    if (code === stop) return { value: machine.pop(), end: machine.cursor.position };
    const instruction = instructions.get(code);
    if (instruction === undefined) {
      const hex = code.toString(16).padStart(2, "0");
      throw new PickleError(`uses the pickle instruction 0x${hex}, which files of tensors do not need`);
    }
    instruction(machine);
  }
  throw new PickleError(
    `contains a pickle of more than ${maxInstructions} instructions, too many for a file of tensors`,
  );
}

/** The state of the interpreter: the stack, the stacks set aside by marks, and the memo. */
class Machine {
  readonly cursor: ByteCursor;
  readonly world: PickleWorld;
  readonly #memo = new Map<number, PickleValue>();
  readonly #aside: PickleValue[][] = [];
  #stack: PickleValue[] = [];

  constructor(cursor: ByteCursor, world: PickleWorld) {
    this.cursor = cursor;
    this.world = world;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw damaged("takes a value from an empty stack");
    return value;
  }

  /** The last two values, in the order they were pushed. */
  popPair(): [PickleValue, PickleValue] {
    const second = this.pop();
    return [this.pop(), second];
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw damaged("takes a value from an empty stack");
    return value;
  }

  mark(): void {
    this.#aside.push(this.#stack);
    this.#stack = [];
  }

  /** All values since the last mark. */
  popToMark(): PickleValue[] {
    const values = this.#stack;
    const stack = this.#aside.pop();
    if (stack === undefined) throw damaged("is missing a mark");
    this.#stack = stack;
    return values;
  }

  pushTuple(length: number): void {
    this.push(Array.from({ length }, () => this.pop()).reverse());
  }

  append(values: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw damaged("appends to something that is not a list");
    for (const value of values) list.push(value);
  }

  /** @param items Keys and values alternately. */
  setItems(items: readonly PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map)) throw damaged("sets items of something that is not a dictionary");
    if (items.length % 2 !== 0) throw damaged("sets a dictionary key without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (key === null || typeof key === "object")
        throw damaged("has a dictionary key that is not a plain value");
      map.set(key, items[i + 1]!);
    }
  }

  pushGlobal(module: PickleValue, name: PickleValue): void {
    if (typeof module !== "string" || typeof name !== "string")
      throw damaged("has a class name that is not text");
    this.push(this.world.findGlobal(module, name));
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw damaged("recalls a value that it never stored");
    this.push(value);
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!isKind(callee, "global") || !Array.isArray(args))
      throw damaged("calls something that cannot be called");
    this.push(callee.call(args));
  }

  /** Ignores attributes that PyTorch attaches to an OrderedDict, such as module versions. */
  dropAttributes(): void {
    this.pop();
    if (!(this.top() instanceof Map)) throw damaged("sets attributes of something that is not a dictionary");
  }
}

function damaged(how: string): PickleError {
  return new PickleError(`is damaged: its pickle ${how}`);
}

const highestProtocol = 5;

function requireProtocol(protocol: number): void {
  if (protocol > highestProtocol) throw new PickleError(`uses the unknown pickle protocol ${protocol}`);
}

const stop = 0x2e;

/** By opcode. The names are from Python's `pickletools`. */
const instructions = new Map<number, (machine: Machine) => void>([
  /* PROTO */ [0x80, (m) => requireProtocol(m.cursor.uint8())],
  /* FRAME: a hint for reading ahead */ [0x95, (m) => void m.cursor.take(8)],
  /* MARK */ [0x28, (m) => m.mark()],
  /* POP */ [0x30, (m) => void m.pop()],
  /* POP_MARK */ [0x31, (m) => void m.popToMark()],

  /* NONE */ [0x4e, (m) => m.push(null)],
  /* NEWTRUE */ [0x88, (m) => m.push(true)],
  /* NEWFALSE */ [0x89, (m) => m.push(false)],
  /* BININT */ [0x4a, (m) => m.push(m.cursor.int32())],
  /* BININT1 */ [0x4b, (m) => m.push(m.cursor.uint8())],
  /* BININT2 */ [0x4d, (m) => m.push(m.cursor.uint16())],
  /* LONG1 */ [0x8a, (m) => m.push(m.cursor.integer(m.cursor.uint8()))],
  /* BINFLOAT */ [0x47, (m) => m.push(m.cursor.float64())],

  /* BINSTRING */ [0x54, (m) => m.push(m.cursor.text(m.cursor.uint32()))],
  /* SHORT_BINSTRING */ [0x55, (m) => m.push(m.cursor.text(m.cursor.uint8()))],
  /* BINUNICODE */ [0x58, (m) => m.push(m.cursor.text(m.cursor.uint32()))],
  /* SHORT_BINUNICODE */ [0x8c, (m) => m.push(m.cursor.text(m.cursor.uint8()))],
  /* BINUNICODE8 */ [0x8d, (m) => m.push(m.cursor.text(m.cursor.uint64()))],

  /* EMPTY_TUPLE */ [0x29, (m) => m.push([])],
  /* TUPLE1 */ [0x85, (m) => m.pushTuple(1)],
  /* TUPLE2 */ [0x86, (m) => m.pushTuple(2)],
  /* TUPLE3 */ [0x87, (m) => m.pushTuple(3)],
  /* TUPLE */ [0x74, (m) => m.push(m.popToMark())],
  /* EMPTY_LIST */ [0x5d, (m) => m.push([])],
  /* APPEND */ [0x61, (m) => m.append([m.pop()])],
  /* APPENDS */ [0x65, (m) => m.append(m.popToMark())],
  /* EMPTY_DICT */ [0x7d, (m) => m.push(new Map())],
  /* SETITEM */ [0x73, (m) => m.setItems(m.popPair())],
  /* SETITEMS */ [0x75, (m) => m.setItems(m.popToMark())],

  /* BINPUT */ [0x71, (m) => m.remember(m.cursor.uint8())],
  /* LONG_BINPUT */ [0x72, (m) => m.remember(m.cursor.uint32())],
  /* MEMOIZE */ [0x94, (m) => m.rememberNext()],
  /* BINGET */ [0x68, (m) => m.recall(m.cursor.uint8())],
  /* LONG_BINGET */ [0x6a, (m) => m.recall(m.cursor.uint32())],

  /* GLOBAL */ [0x63, (m) => m.pushGlobal(m.cursor.line(), m.cursor.line())],
  /* STACK_GLOBAL */ [0x93, (m) => m.pushGlobal(...m.popPair())],
  /* REDUCE */ [0x52, (m) => m.reduce()],
  /* BUILD */ [0x62, (m) => m.dropAttributes()],
  /* BINPERSID */ [0x51, (m) => m.push(m.world.persistent(m.pop()))],
]);
