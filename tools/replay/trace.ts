/*
 * From the log of a tracer to what a program did to one folder. The log holds every byte that was written (all strings in hexadecimal),
 * file descriptors with their paths, and what the program said on its standard output.
 */
import { assert } from "../../device/base/assert.ts";

/** One thing that was done to the folder, in the order in which the calls returned. Names are relative to it. */
export type DiskEvent =
  | { readonly is: "create"; readonly name: string; readonly truncate: boolean }
  | { readonly is: "write"; readonly name: string; readonly offset: number; readonly data: Uint8Array }
  | { readonly is: "resize"; readonly name: string; readonly size: number }
  | { readonly is: "flush"; readonly name: string }
  | { readonly is: "flush-folder" }
  | { readonly is: "rename"; readonly from: string; readonly to: string }
  /** A second name for one file. */
  | { readonly is: "link"; readonly from: string; readonly to: string }
  | { readonly is: "remove"; readonly name: string }
  /** A line on standard output: the program's word that something is durable. */
  | { readonly is: "said"; readonly line: string };

/** Calls that must be in the log. What can change a file in another way is in it too, so that its use is noticed. */
export const TRACED_CALLS = [
  "openat",
  "creat",
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "pwritev2",
  "ftruncate",
  "truncate",
  "fsync",
  "fdatasync",
  "rename",
  "renameat",
  "renameat2",
  "unlink",
  "unlinkat",
  "mmap",
  "copy_file_range",
  "sendfile",
  "fallocate",
  "link",
  "linkat",
] as const;

/** Calls that would change the folder in a way that the model does not know. */
const UNKNOWN_WAYS = ["writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "fallocate", "creat", "truncate"];

interface Call {
  readonly name: string;
  readonly args: string;
  readonly result: number;
}

const LINE = /^(\d+) +(.*)$/s;
const WHOLE = /^(\w+)\((.*)\) += (-?\d+|\?)/s;
const BEGUN = /^(\w+)\((.*) <unfinished \.\.\.>$/s;
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)/s;

/** Reads a tracer's log. `folder` is the absolute path of the folder whose files count. */
export function readTrace(log: string, folder: string): readonly DiskEvent[] {
  const reader = new TraceReader(folder);
  const begun = new Map<string, string>();
  for (const line of log.split("\n")) {
    const [, process, text] = LINE.exec(line) ?? [];
    if (process === undefined || text === undefined) continue;
    const call = callOf(text, process, begun);
    if (call !== undefined && call.result >= 0) reader.take(call);
  }
  return reader.events;
}

function callOf(text: string, process: string, begun: Map<string, string>): Call | undefined {
  const whole = WHOLE.exec(text);
  if (whole !== null) return { name: whole[1] ?? "", args: whole[2] ?? "", result: Number(whole[3]) };
  const start = BEGUN.exec(text);
  if (start !== null) {
    begun.set(process, start[2] ?? "");
    return undefined;
  }
  const end = RESUMED.exec(text);
  // A call counts when it returns: until then nobody may rely on it.
  return end === null ? undefined : { name: end[1] ?? "", args: `${begun.get(process) ?? ""}${end[2] ?? ""}`, result: Number(end[3]) };
}

/** `21<\x2f\x74…>`: a descriptor and what it stands for. */
const DESCRIPTOR = /^(\d+)<((?:\\x[0-9a-f]{2})*)>/;
const STRINGS = /"((?:\\x[0-9a-f]{2})*)"/g;

class TraceReader {
  readonly events: DiskEvent[] = [];
  readonly #folder: string;
  /** Where each open descriptor writes next. */
  readonly #offsets = new Map<number, number>();
  #line = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  take(call: Call): void {
    switch (call.name) {
      case "openat":
        return this.#opened(call);
      case "write":
        return this.#wrote(call);
      case "pwrite64":
        return this.#wroteAt(call);
      case "ftruncate":
        return this.#resized(call);
      case "fsync":
      case "fdatasync":
        return this.#flushed(call);
      case "rename":
      case "renameat":
      case "renameat2":
        return this.#renamed(call, "rename");
      case "link":
      case "linkat":
        return this.#renamed(call, "link");
      case "unlink":
      case "unlinkat":
        return this.#removed(call);
      case "mmap":
        return this.#mapped(call);
      default:
        return this.#mustNotTouch(call);
    }
  }

  #opened(call: Call): void {
    this.#offsets.set(call.result, 0);
    const name = this.#nameOf(stringsOf(call.args)[0]);
    if (name === undefined || name === "" || !call.args.includes("O_CREAT")) return;
    assert(!call.args.includes("O_APPEND"), "the model knows no appending descriptors");
    this.events.push({ is: "create", name, truncate: call.args.includes("O_TRUNC") });
  }

  #wrote(call: Call): void {
    const { descriptor, name } = this.#target(call.args);
    const data = dataOf(call);
    if (descriptor === 1) this.#say(data);
    if (name === undefined) return;
    const offset = this.#offsets.get(descriptor) ?? 0;
    this.#offsets.set(descriptor, offset + data.length);
    this.events.push({ is: "write", name, offset, data });
  }

  #wroteAt(call: Call): void {
    const { name } = this.#target(call.args);
    if (name !== undefined) this.events.push({ is: "write", name, offset: lastNumber(call.args), data: dataOf(call) });
  }

  #resized(call: Call): void {
    const { name } = this.#target(call.args);
    if (name !== undefined) this.events.push({ is: "resize", name, size: lastNumber(call.args) });
  }

  #flushed(call: Call): void {
    const { name } = this.#target(call.args);
    if (name !== undefined) this.events.push(name === "" ? { is: "flush-folder" } : { is: "flush", name });
  }

  #renamed(call: Call, is: "rename" | "link"): void {
    const [from, to] = stringsOf(call.args).map((path) => this.#nameOf(path));
    if (from !== undefined && to !== undefined) this.events.push({ is, from, to });
  }

  #removed(call: Call): void {
    const name = this.#nameOf(stringsOf(call.args)[0]);
    if (name !== undefined) this.events.push({ is: "remove", name });
  }

  #mapped(call: Call): void {
    const path = /, (\d+<(?:\\x[0-9a-f]{2})*>), /.exec(call.args)?.[1];
    const name = path === undefined ? undefined : this.#target(path).name;
    assert(
      name === undefined || !(call.args.includes("PROT_WRITE") && call.args.includes("MAP_SHARED")),
      "writes through a mapping are invisible to the tracer",
    );
  }

  #mustNotTouch(call: Call): void {
    assert(UNKNOWN_WAYS.includes(call.name), `${call.name} was asked for`);
    const { descriptor, name } = this.#target(call.args);
    const named = stringsOf(call.args).some((path) => this.#nameOf(path) !== undefined);
    assert(name === undefined && !named, `the model does not know what ${call.name} does to the folder`);
    assert(descriptor !== 1 || call.name !== "writev", "words on standard output come through write");
  }

  #say(data: Uint8Array): void {
    const lines = `${this.#line}${Buffer.from(data).toString("utf8")}`.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.events.push({ is: "said", line });
  }

  #target(args: string): { readonly descriptor: number; readonly name: string | undefined } {
    const found = DESCRIPTOR.exec(args);
    return { descriptor: found === null ? -1 : Number(found[1]), name: found === null ? undefined : this.#nameOf(decoded(found[2] ?? "").toString("utf8")) };
  }

  /** Name inside the folder, "" for the folder itself, undefined for anything else. */
  #nameOf(path: string | undefined): string | undefined {
    if (path === this.#folder) return "";
    if (path === undefined || !path.startsWith(`${this.#folder}/`) || path.endsWith(" (deleted)")) return undefined;
    return path.slice(this.#folder.length + 1);
  }
}

function stringsOf(args: string): readonly string[] {
  return [...args.matchAll(STRINGS)].map((match) => decoded(match[1] ?? "").toString("utf8"));
}

/** What was really written: the result may be less than what was asked for. */
function dataOf(call: Call): Uint8Array {
  const text = /"((?:\\x[0-9a-f]{2})*)"/.exec(call.args)?.[1] ?? "";
  const data = decoded(text);
  assert(data.length >= call.result, "the log holds all bytes");
  return new Uint8Array(data.subarray(0, call.result));
}

function decoded(text: string): Buffer {
  return Buffer.from(text.replaceAll("\\x", ""), "hex");
}

function lastNumber(args: string): number {
  const number = Number(args.slice(args.lastIndexOf(",") + 1));
  assert(Number.isSafeInteger(number), "the last argument is a number");
  return number;
}
