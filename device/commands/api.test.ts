import { describe, expect, test } from "vitest";
import { SeededRandomness } from "../../simulators/world/seeded-randomness.ts";
import { fitsPassword, tokenHash } from "../crypto/passwords.ts";
import { runCommandLine } from "../system/command-line.ts";
import { apiCommands } from "./api.ts";
import { watchOutput } from "./testing/printed.ts";

const printed = watchOutput();

async function* inputOf(pieces: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array | string> {
  yield* pieces;
}

function run(argv: readonly string[], pieces: readonly (Uint8Array | string)[] = [], more: { readonly isTTY?: boolean; readonly seed?: string } = {}) {
  const input = Object.assign(inputOf(pieces), more.isTTY === undefined ? {} : { isTTY: more.isTTY });
  const commands = apiCommands({ input: () => input, randomness: new SeededRandomness(more.seed ?? "api command") });
  const said = { print: () => undefined, complain: (text: string) => process.stderr.write(text) };
  return runCommandLine({ name: "yikatong", summary: "test", commands }, ["api", ...argv], said);
}

describe("yikatong api password", () => {
  test.each<[string, readonly (Uint8Array | string)[]]>([
    ["one piece", ["柜台 password\n"]],
    ["pieces that part a character", [Uint8Array.of(0xe6, 0x9f), Uint8Array.of(0x9c), "台 pass", "word\r\n"]],
    ["no line end", ["柜台 password"]],
  ])("prints what fits the password and never the password: %s", async (_, pieces) => {
    expect(await run(["password"], pieces)).toBe(0);
    expect(printed.out).toMatch(/^scrypt\$15\$8\$1\$[0-9a-f]{32}\$[0-9a-f]{64}\n$/);
    expect(await fitsPassword("柜台 password", printed.out.trim())).toBe(true);
    expect(await fitsPassword("柜台 passwor", printed.out.trim())).toBe(false);
  });

  test("JSON for programs", async () => {
    expect(await run(["password", "--json"], ["p\n"])).toBe(0);
    const { passwordHash } = JSON.parse(printed.out) as { passwordHash: string };
    expect(await fitsPassword("p", passwordHash)).toBe(true);
  });

  test.each<[string, readonly string[]]>([
    ["nothing", []],
    ["an empty line", ["\n"]],
    ["two lines", ["one\ntwo\n"]],
    ["more than an operator could send", ["x".repeat(201)]],
    ["more than is read", ["x".repeat(5000)]],
  ])("refuses %s", async (_, pieces) => {
    expect(await run(["password"], pieces)).toBe(1);
    expect([printed.out, printed.err]).toEqual(["", "a password is one line of 1 to 200 characters\n"]);
  });

  test("is not typed where it is seen, and is no argument", async () => {
    expect(await run(["password"], [], { isTTY: true })).toBe(2);
    expect(await run(["password", "secret"])).toBe(2);
    expect(printed.out).toBe("");
  });
});

describe("yikatong api token", () => {
  test("prints a token and its hash, another one each time", async () => {
    expect(await run(["token", "--json"], [], { seed: "one" })).toBe(0);
    const first = JSON.parse(printed.out) as { token: string; tokenSha256: string };
    expect(first).toEqual({ token: expect.stringMatching(/^[0-9a-f]{64}$/), tokenSha256: tokenHash(first.token) });
    printed.out = "";
    expect(await run(["token"], [], { seed: "two" })).toBe(0);
    const [, token = "", hash = ""] = /^token {8}([0-9a-f]{64})\ntokenSha256 {2}([0-9a-f]{64})\n/.exec(printed.out) ?? [];
    expect(hash).toBe(tokenHash(token));
    expect(token).not.toBe(first.token);
  });
});
