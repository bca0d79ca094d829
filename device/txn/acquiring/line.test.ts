/*
 * Goal: a counter's own time bounds its wait for the line, whatever is under way there.
 * Method: sign-ins and reversals that nobody answers, counters with little time, and a look at what reached the acquirer, and how often.
 */
import { describe, expect, test } from "vitest";
import { readMessage } from "../../../simulators/host/acquirer/message.ts";
import { BANK_LIMITS, BankPlace, fenOf, REPLY_MS } from "./testing.ts";

const SHORT_MS = 2_000;

async function open(): Promise<BankPlace> {
  const place = new BankPlace();
  await place.start();
  place.card();
  return place;
}

/** What somebody with little time is told, and how long it took. */
async function hurried(place: BankPlace, reference: string, signal = BANK_LIMITS.signal): Promise<readonly [outcome: unknown, tookMs: number]> {
  const { clock } = place.ports;
  const startMs = clock.monotonicMs();
  const request = { reference, business: "sale", amount: fenOf(100), operator: "op1" } as const;
  const outcome = await place.run(place.bank.acts.pay(request, { timeoutMs: SHORT_MS, signal }));
  return [outcome, clock.monotonicMs() - startMs];
}

function heardTypes({ host }: BankPlace): readonly string[] {
  return host.heard.map((body) => {
    const parsed = readMessage(body);
    return parsed.ok ? parsed.message.type : "?";
  });
}

const BUSY = { kind: "refused", reason: "line-busy" };

describe("a counter is answered in its own time", () => {
  test("while a sign-in gets no answer, and whoever is patient signs in behind it", async () => {
    const place = await open();
    place.host.planFault("0800", "reply-lost");
    expect(await hurried(place, "r1")).toEqual([BUSY, SHORT_MS]);
    // The first sign-in still has the line: nobody signs in beside it.
    expect(heardTypes(place)).toEqual(["0800"]);
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "approved" });
    expect(heardTypes(place)).toEqual(["0800", "0800", "0200"]);
    expect(await place.known("r1")).toBeUndefined();
  });

  test("while a reversal gets no answer, which is sent once for itself and found gone by the next", async () => {
    const place = await open();
    place.host.fate = ({ type }) => (type === "0200" ? "unheard" : type === "0400" ? "lost" : "deliver");
    expect(await place.pay("r1", 5_000)).toMatchObject({ kind: "unknown" });
    place.host.fate = ({ type }) => (type === "0400" ? "unheard" : "deliver");
    const before = heardTypes(place).length;
    expect(await hurried(place, "r2")).toEqual([BUSY, SHORT_MS]);
    expect(await hurried(place, "r3")).toEqual([BUSY, SHORT_MS]);
    expect(heardTypes(place).slice(before)).toEqual(["0400"]);
    place.host.fate = () => "deliver";
    await place.pass(REPLY_MS);
    expect(await place.pay("r4", 100)).toMatchObject({ kind: "approved" });
    expect(heardTypes(place).slice(before)).toEqual(["0400", "0400", "0200"]);
    expect([place.host.sum(), await place.terminalSum()]).toEqual([100, 100]);
  });

  test("and what went on for itself counts: its answer is not asked for again", async () => {
    const place = await open();
    place.host.fate = ({ type }) => (type === "0200" ? "unheard" : type === "0400" ? "lost" : "deliver");
    await place.pay("r1", 5_000);
    place.host.fate = () => "deliver";
    place.host.planFault("0400", "slow");
    expect(await hurried(place, "r2")).toEqual([BUSY, SHORT_MS]);
    await place.pass(REPLY_MS);
    expect(await place.known("r1")).toMatchObject({ kind: "refused" });
    expect(heardTypes(place).filter((type) => type === "0400")).toHaveLength(1);
  });

  test("and at once when it gives up", async () => {
    const place = await open();
    place.host.planFault("0800", "reply-lost");
    const gone = new AbortController();
    void place.ports.clock.sleep(500).then(() => gone.abort());
    expect(await hurried(place, "r1", gone.signal)).toEqual([{ kind: "refused", reason: "cancelled" }, 500]);
    expect(await place.pay("r2", 100)).toMatchObject({ kind: "approved" });
  });

  test("when it only signs in, or off", async () => {
    const place = await open();
    place.host.planFault("0800", "reply-lost");
    place.host.planFault("0820", "reply-lost");
    const limits = { ...BANK_LIMITS, timeoutMs: SHORT_MS };
    expect(await place.run(place.bank.acts.signIn(limits))).toEqual(BUSY);
    await place.pass(REPLY_MS);
    expect(await place.run(place.bank.acts.signIn(limits))).toEqual({ kind: "signed-in", batch: "000001" });
    expect(await place.run(place.bank.acts.signOff(limits))).toEqual(BUSY);
    expect(place.bank.acts.view()).toMatchObject({ signedIn: false });
  });

  test("and the power cut behind it loses nothing", async () => {
    const place = await open();
    place.host.fate = ({ type }) => (type === "0200" ? "unheard" : type === "0400" ? "lost" : "deliver");
    await place.pay("r1", 5_000);
    place.host.fate = ({ type }) => (type === "0400" ? "unheard" : "deliver");
    expect(await hurried(place, "r2")).toEqual([BUSY, SHORT_MS]);
    await place.nextLife();
    expect(await place.pay("r3", 100)).toMatchObject({ kind: "approved" });
    expect([place.host.sum(), await place.terminalSum()]).toEqual([100, 100]);
    expect(place.bank.acts.view()).toMatchObject({ pendingReversals: 0, parkedReversals: 0 });
  });
});
