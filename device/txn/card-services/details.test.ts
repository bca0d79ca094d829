/* Telephone and address: the agency's book and the card, also where the card is torn out of the reader while it is written. */
import { describe, expect, it } from "vitest";
import { AGENCY_FAULTS, planAgencyFault } from "../../../simulators/host/agency/faults.ts";
import type { CardServiceOutcome, CardServiceRequest } from "./acts.ts";
import { counter, OPERATOR, person, type ServiceCounter, testCard } from "./testing.ts";

type Change = Extract<CardServiceRequest, { service: "change-details" }>;
const change = (more: Partial<Change> = {}): Change => ({
  service: "change-details",
  reference: "D1",
  operator: OPERATOR,
  changes: { telephone: "13911112222", address: "新路2号" },
  ...more,
});
const UPDATE = [0x04, 0xdc] as const;

async function onCard(bench: ServiceCounter, file: string): Promise<string> {
  const read = await bench.perform({ service: "read-record", file, withPin: true, operator: OPERATOR });
  const items = read.kind === "done" ? (read.output["items"] as Readonly<Record<string, string>>) : {};
  return new TextDecoder("gbk").decode(Buffer.from(items["tag20"] ?? "", "hex")).replaceAll("\u0000", "");
}

const inBook = (bench: ServiceCounter) => bench.agency.ledger.person(person().identityNumber)?.telephone;
const told = (outcome: CardServiceOutcome) => (outcome.kind === "done" ? outcome.output["card"] : outcome.kind);

describe("a change of details", () => {
  it("stands at the agency and on the card, and is done once", async () => {
    const bench = await counter();
    const first = await bench.perform(change());
    expect(first).toMatchObject({ kind: "done", output: { agency: "changed", card: "updated", items: 2 } });
    bench.present();
    expect([await onCard(bench, "DF01/EF07"), await onCard(bench, "DF01/EF06"), inBook(bench)]).toEqual(["13911112222", "新路2号", "13911112222"]);
    expect([await bench.perform(change()), bench.agency.counters.get("person-update ok")]).toEqual([first, 1]);
  });

  it.each(["before", "after"] as const)("torn %s the card's write is finished when the card returns with the same reference", async (at) => {
    const bench = await counter();
    bench.tearOnce(UPDATE, at);
    expect(await bench.perform(change())).toMatchObject({ kind: "unknown", reason: "card-not-decided" });
    bench.present(testCard({ serial: 8 }));
    expect(await bench.perform(change())).toMatchObject({ kind: "refused", reason: "another-card" });
    bench.present();
    expect(told(await bench.perform(change()))).toBe("updated");
    bench.present();
    expect([await onCard(bench, "DF01/EF07"), bench.agency.counters.get("person-update ok")]).toEqual(["13911112222", 1]);
  });

  it("cut off while the card is written is taken up after the restart", async () => {
    const bench = await counter();
    bench.tearOnce(UPDATE, "after");
    await bench.perform(change());
    bench.cutPower();
    await bench.switchOn();
    expect(await bench.takeUp()).toBe(1);
    bench.present();
    expect(told(await bench.perform(change()))).toBe("updated");
  });

  it("where cards hold none of it, only the agency's book changes", async () => {
    const bench = await counter({ variants: { cardItems: {} } });
    expect(told(await bench.perform(change()))).toBe("not-on-card");
    expect(inBook(bench)).toBe("13911112222");
  });

  it("where the agency lends no key, the card stays as it is and that is said", async () => {
    const bench = await counter();
    for (let use = 0; use < 8; use += 1) planAgencyFault(bench.agency.faults, "key-use", AGENCY_FAULTS.refuse);
    expect(told(await bench.perform(change()))).toBe("not-updated");
  });

  it("an answer of the agency that is lost is found again", async () => {
    const bench = await counter();
    planAgencyFault(bench.agency.faults, "person-update", AGENCY_FAULTS["reply-lost"]);
    expect(told(await bench.perform(change()))).toBe("updated");
    expect(bench.agency.counters.get("person-update ok")).toBe(1);
  });

  it.each([
    [change({ changes: {} }), "nothing-to-change"],
    [change({ changes: { telephone: "x" } }), "telephone-malformed"],
  ])("%o is refused", async (request, reason) => {
    const bench = await counter();
    expect(await bench.perform(request)).toMatchObject({ kind: "refused", reason });
  });

  it("a wrong PIN changes nothing", async () => {
    const bench = await counter({ holder: [{ kind: "enters", digits: "111111" }] });
    expect(await bench.perform(change())).toMatchObject({ kind: "refused", reason: "pin-wrong", triesLeft: 2 });
    expect(bench.agency.counters.get("person-update ok")).toBeUndefined();
  });

  it("without the region's word it is the agency's", async () => {
    const bench = await counter({ profile: { detailChange: "off" } });
    expect(await bench.perform(change())).toMatchObject({ kind: "refused", reason: "changed-by-the-agency", office: "agency" });
  });
});
