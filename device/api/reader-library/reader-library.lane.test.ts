/*
 * Goal: programs written for a reader's library run unchanged: one in C, linked with the shared library, and one in Python, which loads it.
 * Method: a whole terminal in a process of its own, with its journal on disk; the programs call the library, the library the terminal's socket.
 * What holders, cards and modules do is told to the terminal's simulated world.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { makeTestCard } from "../../../simulators/card/make.ts";
import type { WorldRequest } from "../../../simulators/terminal/reader-library-child.ts";
import { SETTINGS_FILE } from "../../../simulators/terminal/settings.ts";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { CARD_BAS_ORDERS, parseReadCardBas } from "../../codec/read-card-bas.ts";
import { decodeGbText, encodeGbText } from "../../codec/text.ts";
import { exampleConfig } from "../../config/testing.ts";
import { openCipherSuite } from "../../crypto/suite.ts";
import { cardInfoOf, HostOfCard, INITIAL_PIN } from "./testing.ts";

const CHILD = fileURLToPath(new URL("../../../simulators/terminal/reader-library-child.ts", import.meta.url));
const LIBRARY = fileURLToPath(new URL("library/", import.meta.url));
const WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"];
const SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const SUITE = openCipherSuite();
const ANSWER_MS = 30_000;

const card = makeTestCard(SUITE, { serial: 1, balanceFen: 0, algorithm: "sm4", interface: "contactless", medicalPurse: { accountFen: 10_000 } });
const cardInfo = cardInfoOf(card);
const host = new HostOfCard(card);

let folder = "";
let socketPath = "";
const children: ChildProcess[] = [];

/** A child process that answers each line with a line. */
class Talker {
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  #wake: () => void = () => undefined;
  #ended = false;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    children.push(this.process);
    const { stdout } = this.process;
    if (stdout === null) throw new Error("the process has an output");
    createInterface({ input: stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    this.process.once("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  say(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  async line(): Promise<string> {
    const untilMs = performance.now() + ANSWER_MS;
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#ended || performance.now() > untilMs) throw new Error("no line came");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async end(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => {
      this.process.once("close", resolve);
    });
    this.process.stdin?.end();
    return ended;
  }
}

/** A program that calls the library. */
class Program extends Talker {
  async call(...words: readonly (number | string)[]): Promise<{ readonly result: number; readonly output: string }> {
    this.say(words.map((word, at) => (at === 0 || typeof word === "number" ? String(word) : hexOf(word))).join("\t"));
    const [result = "", output = ""] = (await this.line()).split("\t");
    const text = decodeGbText(fromHex(output));
    return { result: Number(result), output: text.ok ? text.text : "no text" };
  }
}

function hexOf(text: string): string {
  const built = encodeGbText(text);
  if (!built.ok) throw new Error(built.reason);
  return toHex(built.bytes);
}

const PROGRAMS = ["C", "Python"] as const;
function program(language: (typeof PROGRAMS)[number], at = socketPath, env: Readonly<Record<string, string>> = {}): Program {
  const library = join(folder, "libyikatong-reader.so");
  const given = { YIKATONG_READER_SOCKET: at, ...env };
  return language === "C" ? new Program(join(folder, "call"), [], given) : new Program("python3", [join(LIBRARY, "test/call.py"), library], given);
}

let service: Talker;
async function world(request: WorldRequest): Promise<Readonly<Record<string, unknown>>> {
  service.say(JSON.stringify(request));
  return JSON.parse(await service.line()) as Record<string, unknown>;
}

/** The card of these tests in the reader, with a module that has every key and a holder who knows nothing. */
async function lay(request: Omit<Extract<WorldRequest, { do: "insert" }>, "do" | "card"> & { readonly pin?: string } = {}): Promise<void> {
  const { pin, ...rest } = request;
  await world({ do: "remove" });
  await world({ do: "module", module: {} });
  await world({ do: "insert", card: pin === undefined ? {} : { pin }, ...rest });
}

function build(): void {
  execFileSync("make", ["-C", LIBRARY, `OUT=${folder}`], { stdio: "pipe" });
  const sources = (...names: readonly string[]) => names.map((name) => join(LIBRARY, name));
  const shared = [join(folder, "libyikatong-reader.so"), `-Wl,-rpath,${folder}`];
  execFileSync("cc", [...WARNINGS, "-o", join(folder, "call"), ...sources("test/call.c"), ...shared], { stdio: "pipe" });
  const whole = sources("test/call.c", "yikatong-reader.c", "answer.c");
  execFileSync("cc", [...WARNINGS, ...SANITIZERS, "-o", join(folder, "call-watched"), ...whole], { stdio: "pipe" });
  execFileSync("cc", [...WARNINGS, ...SANITIZERS, "-o", join(folder, "fuzz"), ...sources("test/fuzz-answer.c", "answer.c")], { stdio: "pipe" });
}

function furnish(folder: string, more: Readonly<Record<string, unknown>> = {}): void {
  mkdirSync(join(folder, "journal"), { recursive: true });
  const config = exampleConfig({
    link: { url: "mqtt://127.0.0.1:9" },
    journal: { folder: join(folder, "journal"), limitBytes: 16 * 1024 * 1024 },
    readerLibrary: { socket: join(folder, "reader.sock") },
    services: { offlineMedicalCard: "card-flags" },
    ...more,
  });
  writeFileSync(join(folder, SETTINGS_FILE), JSON.stringify({ config }));
  const hostKey = toHex(SUITE.sm2PrivateKey(new Uint8Array(32).fill(0x11)).publicKey.point);
  const keys = [`signing-scalar = ${"22".repeat(32)}`, `host-public-key = ${hostKey}`, `data-key = ${"33".repeat(16)}`, `storage-key = ${"44".repeat(16)}`, ""];
  writeFileSync(join(folder, "terminal.keys"), keys.join("\n"), { mode: 0o600 });
}

async function startService(at = folder): Promise<Talker> {
  const started = new Talker(process.execPath, [CHILD, at]);
  expect(JSON.parse(await started.line())).toEqual({ event: "ready" });
  return started;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "yikatong-library-"));
  socketPath = join(folder, "reader.sock");
  build();
  furnish(folder);
  service = await startService();
}, 120_000);
afterEach(async () => {
  for (const child of children.splice(0)) if (child !== service.process && child.exitCode === null) child.kill("SIGKILL");
});
afterAll(async () => {
  const code = await service.end();
  rmSync(folder, { recursive: true, force: true });
  expect(code).toBe(0);
  expect(existsSync(socketPath)).toBe(false);
});

test("the library gives out the functions of the interface and nothing else", () => {
  const names = execFileSync("nm", ["-D", "--defined-only", join(folder, "libyikatong-reader.so")], { encoding: "utf8" });
  const found = [...names.matchAll(/ T (\w+)$/gm)].map(([, name]) => name);
  expect(found).toHaveLength(20);
  expect(found.every((name) => name?.startsWith("i"))).toBe(true);
  expect(statSync(socketPath).mode & 0o777).toBe(0o660);
});

describe.each(PROGRAMS)("a program in %s", (language) => {
  test("iReadCardBas, field by field", async () => {
    await lay();
    const { result, output } = await program(language).call("iReadCardBas", 2);
    expect(result).toBe(0);
    expect(parseReadCardBas(fromHex(hexOf(output)), CARD_BAS_ORDERS.standard)).toMatchObject({
      ok: true,
      card: {
        regionCode: "990100",
        socialSecurityNumber: "990100199001010012",
        cardNumber: "T0000001X",
        cardIdentifier: "990100D1560000050000000154455354",
        name: "测试乙",
        historicalBytes: "0081544C538660990100000001",
        version: "3.0",
        expiryDate: "20401231",
        terminalNumber: "990100000001",
        deviceNumber: "T-0001",
      },
    });
  });

  test("types, cards and modules that are wrong or missing", async () => {
    await lay();
    const calls = program(language);
    expect((await calls.call("iReadCardBas", 9)).result).toBe(-14);
    expect((await calls.call("iReadCardBas", 1)).result).toBe(-1);
    await world({ do: "module", module: "none" });
    expect((await calls.call("iReadCardBas", 3)).result).toBe(-2201);
    await world({ do: "module", module: { withoutKeys: ["rkssse"] } });
    expect((await calls.call("iReadCardBas", 4)).result).toBe(-2203);
    await world({ do: "remove" });
    expect(await calls.call("iReadCardBas", 2)).toEqual({ result: -2, output: "" });
  });

  test("iReadCardBas with a host's keys, after the number that asks for them", async () => {
    await lay();
    const calls = program(language);
    const whole = await calls.call("iReadCardBas", 2);
    expect((await calls.call("iReadCardBas_HSM_Step1", 2)).result).toBe(-2204);
    await world({ do: "module", module: { withoutKeys: ["rkssse"] } });
    expect((await calls.call("iReadCardBas", 2)).result).toBe(-2203);
    const [region, , algorithm, , factor1 = "", raw1 = "", factor2 = "", raw2 = ""] = (await calls.call("iReadCardBas_HSM_Step1", 2)).output.split("|");
    expect([region, algorithm]).toEqual(["990100", "03"]);
    // The reader waits for this caller's next step, and tells everybody else so.
    expect((await program("C").call("iReadCardBas", 2)).result).toBe(-9001);
    const key = host.proof("irk", factor1, raw1) + host.proof("rkssse", factor2, raw2);
    expect(await calls.call("iReadCardBas_HSM_Step2", key)).toEqual(whole);
    expect((await calls.call("iReadCardBas_HSM_Step2", key)).result).toBe(-9005);
  });

  test("files of the card", async () => {
    await lay();
    const calls = program(language);
    expect(await calls.call("iReadCard", 2, 2, cardInfo, "SSSEEF05|07|05|$SSSEEF06|09|$")).toEqual({
      result: 0,
      output: "SSSEEF05|T0000001X|20200101|$SSSEEF06|测试乙|$",
    });
    expect((await calls.call("iReadCard", 2, 2, cardInfo.replace("54455354", "54455355"), "SSSEEF05|07|$")).result).toBe(-22);
    expect((await calls.call("iWriteCard", 2, cardInfo, "DF04EF05|83|$", "DF04EF05|P9901|$")).result).toBe(-2203);
  });

  test("the PIN: right, wrong with the tries left, changed and never to the initial one", async () => {
    await lay({ pin: INITIAL_PIN });
    const calls = program(language);
    await world({ do: "holder", acts: [{ kind: "enters", digits: INITIAL_PIN }] });
    expect((await calls.call("iVerifyPIN", 2)).result).toBe(0);
    await world({ do: "holder", acts: [{ kind: "enters", digits: "000000" }] });
    expect(await calls.call("iVerifyPIN", 2)).toEqual({ result: -25538, output: "2|" });
    await world({ do: "holder", acts: [{ kind: "cancels" }] });
    expect((await calls.call("iVerifyPIN", 2)).result).toBe(-31);
    await world({ do: "change", act: { kind: "changes", old: INITIAL_PIN, next: INITIAL_PIN } });
    expect((await calls.call("iChangePIN", 2)).result).toBe(-36);
    await world({ do: "change", act: { kind: "changes", old: INITIAL_PIN, next: "246810", again: "246811" } });
    expect((await calls.call("iChangePIN", 2)).result).toBe(-34);
    await world({ do: "change", act: { kind: "changes", old: INITIAL_PIN, next: "246810" } });
    expect((await calls.call("iChangePIN", 2)).result).toBe(0);
    await world({ do: "holder", acts: [{ kind: "enters", digits: "246810" }] });
    expect((await calls.call("iVerifyPIN", 2)).result).toBe(0);
  });

  test("a locked PIN is unblocked by a host, and set anew", async () => {
    await lay({ pin: INITIAL_PIN });
    const calls = program(language);
    await world({ do: "holder", acts: [{ kind: "enters", digits: "000000" }] });
    const results: number[] = [];
    for (let at = 0; at < 3; at += 1) results.push((await calls.call("iVerifyPIN", 2)).result);
    expect(results).toEqual([-25538, -25537, -27011]);
    const [, address, , , , challenge = ""] = (await calls.call("iUnblockPIN_HSM_Step1", 2, cardInfo)).output.split("|");
    expect(address).toBe("0090");
    expect((await calls.call("iUnblockPIN_HSM_Step2", host.unblock(challenge))).result).toBe(0);
    const [, , , , , factor = "", raw = ""] = (await calls.call("iReloadPIN_HSM_Step1", 2, cardInfo)).output.split("|");
    const [, stk, , , , newest = ""] = (await calls.call("iReloadPIN_HSM_Step2", host.proof("puk", factor, raw))).output.split("|");
    expect(stk).toBe("0173");
    expect((await calls.call("iReloadPIN_HSM_Step3", host.reload(newest, "135790"))).result).toBe(0);
    await world({ do: "holder", acts: [{ kind: "enters", digits: "135790" }] });
    expect((await calls.call("iVerifyPIN", 2)).result).toBe(0);
    // No operator stands behind a program of this kind.
    expect((await calls.call("iUnblockPIN", 2, cardInfo)).result).toBe(-9003);
  });

  test("a debit, and its record read later", async () => {
    await lay();
    const calls = program(language);
    const payInfo = `17.00|12.00+4.00|2026112212${language === "C" ? "01" : "02"}00|`;
    const first = await calls.call("iDoDebit", 2, cardInfo, payInfo);
    expect(first).toEqual({
      result: 0,
      output: expect.stringMatching(/^03\|017F\|000004B00000006400000190\|32\|990100000001\|[0-9A-F]{8}\|\d{14}\|[0-9A-F]{8}\|$/),
    });
    const [, , , , terminal = "", , time = ""] = first.output.split("|");
    expect(await calls.call("iReadDebitRecord", 2)).toEqual({ result: 0, output: `1^32^${terminal}^${time}^12.00^1.00^4.00|` });
    expect(await calls.call("iDoDebit", 2, cardInfo, payInfo)).toEqual(first);
    expect((await calls.call("iDoDebit", 2, cardInfo, "900.00|900.00|20261122120300|")).result).toBe(-37889);
    expect((await calls.call("iDoDebit_HSM_Step1", 2, cardInfo, payInfo)).result).toBe(-13);
  });

  test("a caller that is killed in the middle of a debit: the sale is once in the journal and found again", async () => {
    const payInfo = `9.00|5.00|2026112213${language === "C" ? "01" : "02"}00|`;
    await lay({ slowDebitMs: 1_000 });
    const before = await sales();
    const debitsBefore = await debits();
    const killed = program(language);
    killed.say(["iDoDebit", "2", hexOf(cardInfo), hexOf(payInfo)].join("\t"));
    for (let at = 0; at < 2_000 && (await debits()) === debitsBefore; at += 1) await pause();
    killed.process.kill("SIGKILL");
    await ended(killed);
    const again = program(language);
    let found = await again.call("iDoDebit", 2, cardInfo, payInfo);
    // The sale of the one that was killed goes on to its end meanwhile.
    for (let at = 0; at < 2_000 && found.result === -9001; at += 1) {
      await pause();
      found = await again.call("iDoDebit", 2, cardInfo, payInfo);
    }
    expect(found.result).toBe(0);
    const [record, ...others] = (await again.call("iReadDebitRecord", 2)).output.split("|").filter((field) => field !== "");
    expect(record).toMatch(/^1\^32\^990100000001\^\d{14}\^5\.00\^4\.00\^0\.00$/);
    expect(others).toEqual([]);
    const made = (await sales()).slice(before.length);
    // Between them stands "acting" where the module drew another sequence than was expected.
    expect(made.map(({ state }) => state).filter((state) => state !== "acting")).toEqual(["prepared", "done"]);
    expect(new Set(made.map(({ subject }) => subject)).size).toBe(1);
    expect(await debits()).toBe(debitsBefore + 1);
  });
});

interface Entry {
  readonly subject: string;
  readonly kind: string;
  readonly state: string;
}

async function sales(): Promise<readonly Entry[]> {
  const { entries } = await world({ do: "books" });
  return (entries as readonly Entry[]).filter(({ kind }) => kind === "quick-payment");
}

async function debits(): Promise<number> {
  return Number((await world({ do: "books" }))["debits"]);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

function ended({ process: child }: Talker): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("close", () => resolve());
  });
}

test("where a PIN must have been changed, a card of which nobody says so pays nothing", async () => {
  const strict = join(folder, "strict");
  furnish(strict, { initialPinPolicy: "require-changed" });
  const usual = service;
  service = await startService(strict);
  try {
    await lay({ pin: INITIAL_PIN });
    await world({ do: "holder", acts: [{ kind: "enters", digits: INITIAL_PIN }] });
    const calls = program("C", join(strict, "reader.sock"));
    expect((await calls.call("iVerifyPIN", 2)).result).toBe(-35);
    expect((await calls.call("iDoDebit", 2, cardInfo, "9.00|5.00|20261122150000|")).result).toBe(-35);
    expect(await sales()).toEqual([]);
    expect(await service.end()).toBe(0);
  } finally {
    service = usual;
  }
});

describe("the library by itself", () => {
  test("calls from many threads are served one after the other", async () => {
    await lay();
    const calls = program("C");
    calls.say("threads\t8");
    expect(await calls.line()).toBe("8\t");
  });

  test("nobody at the socket; a terminal that comes back", async () => {
    await lay();
    expect((await program("C", join(folder, "nobody.sock")).call("iReadCardBas", 2)).result).toBe(-11);
    const calls = program("C");
    expect((await calls.call("iReadCardBas", 2)).result).toBe(0);
    service.process.kill("SIGKILL");
    await ended(service);
    expect((await calls.call("iReadCardBas", 2)).result).toBe(-11);
    // The socket of the killed service lies there and is replaced.
    expect(existsSync(socketPath)).toBe(true);
    service = await startService();
    await lay();
    expect((await calls.call("iReadCardBas", 2)).result).toBe(0);
  });

  test("a caller that is killed between two steps keeps nobody waiting", async () => {
    await lay();
    await world({ do: "module", module: { withoutKeys: ["rkssse"] } });
    const killed = program("C");
    expect((await killed.call("iReadCardBas_HSM_Step1", 2)).result).toBe(0);
    const other = program("C");
    expect((await other.call("iReadDebitRecord", 2)).result).toBe(-9001);
    killed.process.kill("SIGKILL");
    await ended(killed);
    let found = await other.call("iReadDebitRecord", 2);
    for (let at = 0; at < 400 && found.result === -9001; at += 1) {
      await pause();
      found = await other.call("iReadDebitRecord", 2);
    }
    expect(found).toEqual({ result: 0, output: "" });
  });

  test.each([
    ["nonsense", [Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
    ["another version", [Buffer.from("0009020101000400000002", "hex")]],
    ["two questions at once", [Buffer.from("00090101010004000000020009010101000400000002", "hex")]],
    ["a frame that never ends", [Buffer.from("000901", "hex")]],
  ])("a connection that says %s is ended, and the others are served", async (_what, chunks) => {
    await lay();
    const socket = connect(socketPath);
    const closed = new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
    });
    socket.on("error", () => undefined);
    for (const chunk of chunks) socket.write(chunk);
    socket.resume();
    await closed;
    expect((await program("C").call("iReadCardBas", 2)).result).toBe(0);
  });

  test("200,000 answers that are none, under the sanitizers", () => {
    const told = execFileSync(join(folder, "fuzz"), ["7", "200000"], { encoding: "utf8" });
    const [, taken = "", refused = ""] = /^(\d+) taken, (\d+) refused$/m.exec(told) ?? [];
    expect(Number(taken) + Number(refused)).toBe(200_000);
    expect(Number(taken)).toBeGreaterThan(1_000);
    expect(Number(refused)).toBeGreaterThan(1_000);
  });

  test("a terminal that answers nonsense: a number each time, under the sanitizers", async () => {
    const at = join(folder, "nonsense.sock");
    const nonsense = await serveNonsense(at);
    const watched = new Program(join(folder, "call-watched"), [], { YIKATONG_READER_SOCKET: at, YIKATONG_READER_TIMEOUT_MS: "200" });
    const results = new Set<number>();
    for (let round = 0; round < 200; round += 1) {
      const call = round % 2 === 0 ? (["iReadCardBas", 2] as const) : (["iDoDebit", 2, cardInfo, "1.00|1.00|20261122140000|"] as const);
      results.add((await watched.call(...call)).result);
    }
    expect([...results].every((result) => result <= 0)).toBe(true);
    expect([-11, -9002, -9006].every((result) => results.has(result))).toBe(true);
    expect(await watched.end()).toBe(0);
    nonsense.close();
  }, 120_000);
});

/** Answers each question by some bytes, or by none, or hangs up. */
function serveNonsense(path: string): Promise<Server> {
  const randomness = new SeededRandomness("nonsense");
  const draw = (below: number) => (randomness.bytes(1)[0] ?? 0) % below;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (question: Buffer) => {
      const body = randomness.bytes(1 + draw(40));
      const answers: readonly (() => void)[] = [
        () => socket.end(),
        () => socket.end(body),
        () => socket.write(Buffer.concat([Buffer.from([0, body.length]), body])),
        () => socket.write(Buffer.concat([Buffer.from([0xff, 0xff]), body])),
        // A right answer to this question, with bytes behind it.
        () => socket.write(Buffer.concat([Buffer.from([0, 10, 1, question[3] ?? 0, 0, 0, 0, 0, 0, 2, 0x41, 0x7c]), body])),
        () => undefined,
      ];
      answers[draw(answers.length)]?.();
    });
  });
  return new Promise((resolve) => {
    server.listen(path, () => resolve(server));
  });
}
