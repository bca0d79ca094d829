/* The client against a host of few words: what it says when an answer is missing, and that it never asks twice under two ids. */
import { describe, expect, it } from "vitest";
import { SeededRandomness } from "../../../simulators/world/seeded-randomness.ts";
import { VirtualClock } from "../../../simulators/world/virtual-clock.ts";
import { utf8 } from "../../base/bytes.ts";
import { SILENT } from "../../base/log.ts";
import type { Limits } from "../../base/ports.ts";
import type { HostReply } from "../hosts.ts";
import type { JsonObject } from "../journal/types.ts";
import type { AgencyRequest } from "./client.ts";
import { openAgencyClient } from "./open.ts";
import { type AgencyProfile, DEFAULT_AGENCY_PROFILE } from "./profile.ts";

interface Heard {
  readonly service: string;
  readonly id: string;
  readonly input: JsonObject;
}

/** One answer of the host: what it says, or what becomes of the message. */
type Word = JsonObject | "silent" | "not-sent" | "garbage" | "another-id";

const ID = "0123456789abcdef0123456789abcdef";
const REQUEST: AgencyRequest = { service: "activate", id: ID, operator: "op1", input: {} };
const YES: JsonObject = { result: "ok", output: { status: "active" } };
const NO: JsonObject = { result: "refused", reason: "not-inactive", output: {} };

function told(state: string, reply?: JsonObject): JsonObject {
  return { result: "ok", output: { state, ...(reply === undefined ? {} : { reply }) } };
}

class Bench {
  readonly clock = new VirtualClock(0);
  readonly heard: Heard[] = [];
  readonly signal = new AbortController();
  readonly #words: Word[];
  readonly #last: Word;
  readonly client;

  /** The words come one after the other; the last one for ever. */
  constructor(words: readonly Word[], profile: Partial<AgencyProfile> = {}) {
    this.#words = [...words];
    this.#last = words.at(-1) ?? "silent";
    this.client = openAgencyClient({
      clock: this.clock,
      randomness: new SeededRandomness("client"),
      log: SILENT,
      host: { exchange: (body, limits) => this.#exchange(body, limits) },
      terminalId: "T-0001",
      profile: { ...DEFAULT_AGENCY_PROFILE, ...profile },
    });
  }

  ask(request: AgencyRequest = REQUEST, timeoutMs = 20_000) {
    return this.clock.resolve(this.client.ask(request, { timeoutMs, signal: this.signal.signal }));
  }

  async #exchange(body: Uint8Array, limits: Limits): Promise<HostReply> {
    const { service, id, input } = JSON.parse(new TextDecoder().decode(body)) as Heard;
    this.heard.push({ service, id, input });
    const word = this.#words.shift() ?? this.#last;
    if (word === "not-sent") return { kind: "not-sent", reason: "host-absent" };
    if (word === "silent") {
      await this.clock.sleep(limits.timeoutMs);
      return { kind: "unknown", reason: "timeout" };
    }
    await this.clock.sleep(50);
    if (word === "garbage") return { kind: "answered", body: utf8("<html>") };
    return { kind: "answered", body: utf8(JSON.stringify({ v: 1, id: word === "another-id" ? "f".repeat(32) : id, ...(word === "another-id" ? YES : word) })) };
  }
}

describe("what is told", () => {
  it.each<[string, readonly Word[], JsonObject]>([
    ["yes", [YES], { kind: "ok", output: { status: "active" } }],
    ["no", [NO], { kind: "refused", reason: "not-inactive" }],
    ["it never left", ["not-sent"], { kind: "not-sent", reason: "host-absent" }],
    ["an id that was given up before", [{ result: "refused", reason: "id-given-up", output: {} }], { kind: "not-sent", reason: "id-given-up" }],
    ["silence, then what became of it", ["silent", told("done", YES)], { kind: "ok", output: { status: "active" } }],
    ["silence, then a no", ["silent", told("done", NO)], { kind: "refused", reason: "not-inactive" }],
    ["silence, and it never came", ["silent", told("unknown-id")], { kind: "not-sent", reason: "timeout" }],
    ["garbage, then what became of it", ["garbage", told("pending"), told("done", YES)], { kind: "ok", output: { status: "active" } }],
    ["an answer to somebody else", ["another-id", "silent", told("done", YES)], { kind: "ok", output: { status: "active" } }],
    [
      "a repeated id with other words",
      [{ result: "refused", reason: "id-reused", output: {} }, told("done", YES)],
      { kind: "ok", output: { status: "active" } },
    ],
    ["pending for ever", ["silent", told("pending")], { kind: "unknown", reason: "timeout" }],
    ["silence for ever", ["silent"], { kind: "unknown", reason: "timeout" }],
    ["an outcome of no sense", ["garbage", told("lost")], { kind: "unknown", reason: "reply-malformed" }],
    ["a refusal of the question", ["garbage", { result: "refused", reason: "maintenance", output: {} }], { kind: "unknown", reason: "reply-malformed" }],
  ])("%s", async (_, words, reply) => {
    const bench = new Bench(words);
    expect(await bench.ask()).toEqual(reply);
    // The act leaves once; what follows are questions about its id, each under an id of its own.
    const [first, ...questions] = bench.heard;
    expect(first).toEqual({ service: "activate", id: ID, input: {} });
    expect(questions.every(({ service, input }) => service === "outcome" && input["of"] === ID)).toBe(true);
    expect(new Set(bench.heard.map(({ id }) => id)).size).toBe(bench.heard.length);
  });

  it("ends within the caller's time, whatever the agency does", async () => {
    for (const words of [["silent"], ["garbage", told("pending")], ["silent", "not-sent"]] satisfies readonly (readonly Word[])[]) {
      const bench = new Bench(words);
      await bench.ask(REQUEST, 3_000);
      expect(bench.clock.monotonicMs()).toBeLessThanOrEqual(3_000);
      expect(bench.heard.length).toBeLessThan(12);
    }
  });

  it("does not ask what became of a question", async () => {
    const bench = new Bench(["garbage"]);
    expect(await bench.ask({ ...REQUEST, service: "card-status" })).toEqual({ kind: "unknown", reason: "reply-malformed" });
    expect(bench.heard).toHaveLength(1);
  });

  it("sends nothing that the region does not offer", async () => {
    const bench = new Bench([YES], { services: ["card-status"] });
    expect(await bench.ask()).toEqual({ kind: "refused", reason: "not-offered" });
    expect(bench.heard).toEqual([]);
  });

  it("believes no unknown id that is not promised", async () => {
    const bench = new Bench(["silent", told("unknown-id")], { outcomeQuery: "told" });
    expect(await bench.ask()).toEqual({ kind: "unknown", reason: "timeout" });
  });

  it("stops asking when nobody waits any more", async () => {
    const bench = new Bench(["garbage", told("pending")]);
    const asked = bench.client.ask(REQUEST, { timeoutMs: 20_000, signal: bench.signal.signal });
    await bench.clock.runUntil(700);
    bench.signal.abort();
    expect(await bench.clock.resolve(asked)).toEqual({ kind: "unknown", reason: "reply-malformed" });
    expect(bench.clock.monotonicMs()).toBeLessThan(2_000);
  });

  it("sends nothing without time", async () => {
    const bench = new Bench([YES]);
    expect(await bench.ask(REQUEST, 1)).toEqual({ kind: "not-sent", reason: "timeout" });
    expect(bench.heard).toEqual([]);
  });

  it("does not send what fits no message", async () => {
    const bench = new Bench([YES]);
    expect(await bench.ask({ ...REQUEST, input: { text: "x".repeat(70_000) } })).toEqual({ kind: "not-sent", reason: "payload-too-large" });
  });
});
