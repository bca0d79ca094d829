/* The door for programs written for a reader's library: what may be said about it, and what is refused. */
import { describe, expect, it } from "vitest";
import { parseTerminalConfig } from "./schema.ts";
import { exampleConfig } from "./testing.ts";

const SOCKET = "/run/yikatong/reader.sock";
const parsed = (readerLibrary: object) => parseTerminalConfig(exampleConfig({ readerLibrary }));

describe("the reader library's configuration", () => {
  it("needs a socket and knows the rest", () => {
    const config = parsed({ socket: SOCKET });
    expect(config.ok && config.config.readerLibrary).toEqual({ socket: SOCKET, access: "group", provider: "standard" });
    const absent = parseTerminalConfig(exampleConfig());
    expect(absent.ok && absent.config.readerLibrary).toBeUndefined();
  });

  it.each([
    ["no socket", {}],
    ["a path from somewhere", { socket: "reader.sock" }],
    ["a path too long for a socket", { socket: `/run/${"x".repeat(103)}` }],
    ["everybody", { socket: SOCKET, access: "everybody" }],
    ["an unknown provider", { socket: SOCKET, provider: "somebody" }],
    ["a key that nobody knows", { socket: SOCKET, mode: "0666" }],
  ])("%s is refused", (_what, readerLibrary) => {
    expect(parsed(readerLibrary).ok).toBe(false);
  });
});
