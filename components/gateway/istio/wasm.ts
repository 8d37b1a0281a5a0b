/*
 * As much of an assembler for WebAssembly as a filter of a few instructions needs: no program of a registry, and no binary in
 * the repository.
 */

/** A function's type: how many `i32` it takes, and whether it returns one. */
export interface Signature {
  readonly takes: number;
  readonly returns: boolean;
}

export interface WasmFunction extends Signature {
  /** Each export of it. */
  readonly names: readonly string[];
  /** Types of its local variables, which are numbered after what it takes. @default none */
  readonly locals?: readonly ("i32" | "i64")[];
  /** Instructions of WebAssembly's text format in their flat form, without comments, such as `local.get 0 i32.const 1 i32.add`. */
  readonly body: string;
}

export interface WasmModule {
  /** Functions of the host's module `env`; they are numbered first. */
  readonly imports: readonly (Signature & { readonly name: string })[];
  readonly functions: readonly WasmFunction[];
  /** What the one page of memory, exported as `memory`, begins with: texts, by where they begin. */
  readonly data: Readonly<Record<number, string>>;
}

const types = { i32: 0x7f, i64: 0x7e } as const;
/** A block that leaves nothing on the stack. */
const empty = 0x40;

const opcodes: Readonly<Record<string, readonly number[]>> = {
  block: [0x02, empty],
  loop: [0x03, empty],
  if: [0x04, empty],
  end: [0x0b],
  br: [0x0c],
  br_if: [0x0d],
  return: [0x0f],
  call: [0x10],
  drop: [0x1a],
  "local.get": [0x20],
  "local.set": [0x21],
  // With the alignment and the offset.
  "i32.load": [0x28, 2, 0],
  "i64.load": [0x29, 3, 0],
  "i32.load8_u": [0x2d, 0, 0],
  "i32.const": [0x41],
  "i64.const": [0x42],
  "i32.ge_u": [0x4f],
  "i64.le_u": [0x58],
  "i32.add": [0x6a],
  "i32.sub": [0x6b],
  "i64.add": [0x7c],
  "i64.mul": [0x7e],
  "i64.extend_i32_u": [0xad],
};

/**
 * The binary form of a module.
 *
 * @throws Error that names an instruction that is not known here.
 */
export function assemble({ imports, functions, data }: WasmModule): Uint8Array {
  const signatures = [...imports, ...functions];
  const exported = functions.flatMap(({ names }, index) =>
    names.map((name) => [...text(name), 0, ...unsigned(imports.length + index)]),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, signatures.map(typeOf)),
    ...section(
      2,
      imports.map(({ name }, index) => [...text("env"), ...text(name), 0, ...unsigned(index)]),
    ),
    ...section(
      3,
      functions.map((_, index) => unsigned(imports.length + index)),
    ),
    ...section(5, [[0, 1]]),
    ...section(7, [[...text("memory"), 2, 0], ...exported]),
    ...section(10, functions.map(codeOf)),
    ...section(
      11,
      Object.entries(data).map(([at, content]) => [0, 0x41, ...signed(Number(at)), 0x0b, ...text(content)]),
    ),
  ]);
}

function typeOf({ takes, returns }: Signature): number[] {
  return [0x60, ...vector(Array(takes).fill([types.i32])), ...vector(returns ? [[types.i32]] : [])];
}

function codeOf({ locals = [], body }: WasmFunction): number[] {
  const words = body.split(/\s+/).filter(Boolean);
  const instructions = words.flatMap((word, index) => {
    if (/^-?\d+$/.test(word)) return words[index - 1]?.endsWith(".const") ? signed(Number(word)) : unsigned(Number(word));
    const opcode = opcodes[word];
    if (!opcode) throw new Error(`${word} is no instruction that is known here`);
    return opcode;
  });
  const code = [...vector(locals.map((type) => [1, types[type]])), ...instructions, ...(opcodes.end ?? [])];
  return [...unsigned(code.length), ...code];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

const vector = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
const text = (given: string) => vector([...Buffer.from(given)].map((byte) => [byte]));

/** Seven bits in each byte, the lowest first; the eighth says whether there are more (LEB128). */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const [low, rest] = [value & 0x7f, value >> 7];
  const whole = (rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40);
  return whole ? [low] : [low | 0x80, ...signed(rest)];
}
