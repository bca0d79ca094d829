import { describe, expect, it } from "vitest";
import type { Terminal } from "../terminal.ts";
import { answerLine } from "./lines.ts";
import { saidFor } from "./messages.ts";

const CARDS = ["more-than-one-card", "storage-card", "card-mute", "card-removed", "identity-card", "foreign-card", "card-changed"] as const;

describe("words for the holder", () => {
  it("each trouble with a card has its own, in both languages", () => {
    const said = CARDS.map((reason) => saidFor(reason));
    expect(new Set(said.map((each) => each?.en)).size).toBe(CARDS.length);
    expect(new Set(said.map((each) => each?.zh)).size).toBe(CARDS.length);
  });

  it.each([
    ["insufficient-funds", "余额不足。"],
    ["reply-undecided", "结算结果待确认，请勿重复结算。"],
    ["initial-pin", "卡片仍为初始密码，请先修改密码。"],
  ])("%s", (reason, zh) => {
    expect(saidFor(reason)).toMatchObject({ zh });
  });

  it.each(["", "toString", "gold"])("there are none for %j", (reason) => {
    expect(saidFor(reason)).toBeUndefined();
  });

  it("stand in the counter's answer beside the reason", async () => {
    const quickPayment: Terminal["quickPayment"] = async () => ({ kind: "refused", reason: "storage-card" });
    // Only quick payments are asked for here.
    const journal = { spentUnder: () => Promise.resolve(undefined) };
    const terminal = { quickPayment, journal } as unknown as Terminal;
    const line = JSON.stringify({ do: "quick-payment", reference: "r-1", amountFen: 450 });
    expect(JSON.parse(await answerLine(terminal, line, new AbortController().signal))).toEqual({
      kind: "refused",
      reason: "storage-card",
      says: saidFor("storage-card"),
    });
  });
});
