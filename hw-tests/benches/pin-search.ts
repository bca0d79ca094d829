/*
 * Goal: find a PIN wherever it may have been kept: in the memory of processes, in files, in what was said over the network.
 * Method: the digits in every form in which software holds them. A PIN is long enough here that no form appears by chance.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { systemRandomness } from "../../device/system/randomness.ts";

/** Long enough for every form: six bytes in the shortest. Real ones are shorter, and would be found by chance. */
export const SEARCHED_DIGITS = 12;

/** A PIN that nobody has had before. */
export function drawPin(): string {
  return Array.from(systemRandomness().bytes(SEARCHED_DIGITS), (byte) => byte % 10).join("");
}

export interface Found {
  /** Process, file or stream. */
  readonly where: string;
  /** In which form. */
  readonly form: string;
}

type Forms = Readonly<Record<string, Buffer>>;

/** Every form that is searched for. */
export function formsOf(pin: string): Forms {
  const text = Buffer.from(pin, "latin1");
  const packed = Buffer.from(pin, "hex");
  const base64 = (shift: number) => {
    // Inside longer data only the middle of the coded text is certain.
    const coded = Buffer.concat([Buffer.alloc(shift), text]).toString("base64");
    return Buffer.from(coded.slice(shift === 0 ? 0 : 4, Math.floor((shift + text.length) / 3) * 4), "latin1");
  };
  return {
    text,
    "wide text": Buffer.from(pin, "utf16le"),
    packed,
    "one digit a byte": Buffer.from(Array.from(pin, Number)),
    "hexadecimal of the text": Buffer.from(text.toString("hex"), "latin1"),
    backwards: Buffer.from(Array.from(pin).reverse().join(""), "latin1"),
    "base64, first place": base64(0),
    "base64, second place": base64(1),
    "base64, third place": base64(2),
    "packed, in base64": Buffer.from(packed.toString("base64"), "latin1"),
  };
}

/** Forms that stand in these bytes. */
export function searchBytes(where: string, bytes: Buffer, forms: Forms): readonly Found[] {
  return Object.entries(forms)
    .filter(([, form]) => bytes.includes(form))
    .map(([form]) => ({ where, form }));
}

const CHUNK_BYTES = 1024 * 1024;
/** Most of what a runtime has reserved was never written to. */
const UNTOUCHED = Buffer.alloc(CHUNK_BYTES);
const OVERLAP_BYTES = 64;

/** Searches all memory of a process that can be read, by the kernel's own list of its parts. Counts what was read, so that an empty search is no success. */
export function searchMemory(pid: number, forms: Forms): { readonly found: readonly Found[]; readonly bytes: number } {
  const parts = readFileSync(`/proc/${pid}/maps`, "latin1")
    .split("\n")
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$/.exec(line))
    .filter((part) => part !== null)
    .filter(([, , , name]) => name !== "[vvar]" && name !== "[vsyscall]" && name !== "[vvar_vclock]");
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const found = new Map<string, Found>();
  let bytes = 0;
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (const [, from = "0", to = "0", name = ""] of parts) {
      const end = Number.parseInt(to, 16);
      for (let at = Number.parseInt(from, 16); at < end; at += CHUNK_BYTES - OVERLAP_BYTES) {
        const read = readPart(memory, { chunk, at, length: Math.min(CHUNK_BYTES, end - at) });
        bytes += read;
        if (UNTOUCHED.compare(chunk, 0, read, 0, read) === 0) continue;
        for (const each of searchBytes(`process ${pid} ${name}`, chunk.subarray(0, read), forms)) found.set(each.form, each);
      }
    }
  } finally {
    closeSync(memory);
  }
  return { found: [...found.values()], bytes };
}

/** A part that has just been given back cannot be read; nothing is in it any more. */
function readPart(memory: number, { chunk, at, length }: { readonly chunk: Buffer; readonly at: number; readonly length: number }): number {
  try {
    return readSync(memory, chunk, 0, length, at);
  } catch {
    return 0;
  }
}

/** Searches every file below a folder. */
export function searchFolder(folder: string, forms: Forms): { readonly found: readonly Found[]; readonly files: number } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const found = files.flatMap(({ parentPath, name }) => searchBytes(`file ${name}`, readFileSync(join(parentPath, name)), forms));
  return { found, files: files.length };
}
