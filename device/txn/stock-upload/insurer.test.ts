/* The upload against the simulated insurer, whose books say what was told. */
import { describe, expect, it } from "vitest";
import { Counter, INSTITUTION, PERSON } from "../../../simulators/host/medical/testing.ts";
import { codeText, opened, whole } from "../goods-rules/testing.ts";
import { goods, PROFILE, returned, StockDesk, sale } from "./testing.ts";
import type { StockUploadRequest } from "./types.ts";

interface Reply {
  readonly output: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A terminal whose insurer has settled the basket of the worked example. */
async function settled(): Promise<{ readonly made: StockDesk; readonly counter: Counter; readonly request: StockUploadRequest }> {
  const made = new StockDesk();
  const counter = new Counter({ clock: made.clock, variants: { traceInSettlement: "ignored" } });
  made.insurer = (body) => counter.insurer.exchange(body);
  made.profile = { ...PROFILE, sender: { ...PROFILE.sender, institution: INSTITUTION } };
  const ask = async (infno: string, input: Record<string, unknown>) => {
    const reply = await made.clock.resolve(counter.insurer.exchange(counter.message(infno, input)));
    return JSON.parse(new TextDecoder().decode(reply)) as Reply;
  };
  counter.signNumber = (await ask("9001", { signIn: { opter_no: "op1", mac: "0", ip: "127.0.0.1" } })).output["signinoutb"]?.["sign_no"] ?? "";
  const booked = (await ask("2102", counter.basket())).output["setlinfo"] ?? {};
  await made.clock.resolve(made.switchOn());
  const items = [
    goods({ quantity: "2", unitPrice: "28.50", traceCodes: [whole(1), whole(2)] }),
    goods({ nationalCode: "XTEST0000000000000B1", ownCode: "O2", unitPrice: "68.00", traceCodes: [opened(3)] }),
  ];
  const settlement = { settlementId: booked["setl_id"] ?? "", visitId: booked["mdtrt_id"] ?? "", insuranceArea: "530102" };
  return { made, counter, request: sale(1, { items, settlement, person: { personNumber: PERSON, certificateType: "01" } }) };
}

function told(counter: Counter) {
  return counter.ledger.stock.moves().map(({ infno, code, countE4 }) => `${infno} ${code} ${countE4}`);
}

const SOLD = ["3505 XTEST0000000000000A1 20000", "3505 XTEST0000000000000B1 10000"];
const BACK = ["3506 XTEST0000000000000A1 20000", "3506 XTEST0000000000000B1 10000"];

describe("in the insurer's books", () => {
  it("a sale and its return stand once each, also where answers were lost", async () => {
    const { made, counter, request } = await settled();
    made.plan("lost-after", "lost-before", "lost-after", "take", "lost-after");
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(300_000);
    expect(told(counter).sort()).toEqual(SOLD);
    expect(counter.ledger.stock.standing(codeText(1))).toHaveLength(1);
    await made.clock.resolve(made.uploads.enqueue({ ...returned(1), ...request, act: "return", reference: "c1.A1.u2" }));
    await made.later(300_000);
    expect(told(counter).sort()).toEqual([...SOLD, ...BACK]);
    expect(counter.ledger.stock.standing(codeText(1))).toEqual([]);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("a pack that was sold already is parked with the insurer's words", async () => {
    const { made, request } = await settled();
    const { settlement: _, ...own } = request;
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(5000);
    await made.clock.resolve(made.uploads.enqueue({ ...own, order: "c1.A2", reference: "c1.A2.u1" }));
    await made.later(5000);
    expect(await made.clock.resolve(made.uploads.parked(10))).toMatchObject([
      { order: "c1.A2", message: `drug_trac_codg ${codeText(1)} has been sold already` },
    ]);
  });

  it("nothing stands where the settlement was taken back before its sale could be told", async () => {
    const { made, counter, request } = await settled();
    made.from("not-sent");
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(5000);
    const { settlementId, visitId } = request.settlement ?? { settlementId: "", visitId: "" };
    const data = { psn_no: PERSON, setl_id: settlementId, mdtrt_id: visitId };
    await made.clock.resolve(counter.insurer.exchange(counter.message("2103", { data })));
    expect(counter.ledger.settlement(settlementId)?.status).toBe("voided");
    await made.clock.resolve(made.uploads.enqueue({ ...request, act: "return", reference: "c1.A1.u2" }));
    made.from("take");
    await made.later(300_000);
    expect(told(counter)).toEqual([]);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("a sale that was parked because its settlement was taken back first is nobody's to tell once its return is there", async () => {
    const { made, counter, request } = await settled();
    const { settlementId, visitId } = request.settlement ?? { settlementId: "", visitId: "" };
    const data = { psn_no: PERSON, setl_id: settlementId, mdtrt_id: visitId };
    await made.clock.resolve(counter.insurer.exchange(counter.message("2103", { data })));
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(300_000);
    expect(await made.clock.resolve(made.uploads.parked(10))).toHaveLength(1);
    await made.clock.resolve(made.uploads.enqueue({ ...request, act: "return", reference: "c1.A1.u2" }));
    await made.later(300_000);
    expect(told(counter)).toEqual([]);
    expect(await made.clock.resolve(made.uploads.parked(10))).toEqual([]);
  });

  it("a sign-in that the insurer has ended is renewed", async () => {
    const { made, counter, request } = await settled();
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(5000);
    counter.insurer.endSignIns();
    await made.clock.resolve(made.uploads.enqueue({ ...request, act: "return", reference: "c1.A1.u2" }));
    await made.later(5000);
    expect(told(counter).sort()).toEqual([...SOLD, ...BACK]);
  });

  it("all rows of a sale may come together", async () => {
    const { made, counter, request } = await settled();
    made.cutPower();
    made.options = { ...made.options, inBatches: true };
    await made.clock.resolve(made.switchOn());
    await made.clock.resolve(made.uploads.enqueue(request));
    await made.later(5000);
    expect(told(counter)).toEqual(SOLD);
    expect(made.sentAtMs).toHaveLength(1);
  });
});
