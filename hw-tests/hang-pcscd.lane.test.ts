/* A call of the PC/SC binding that never returns: it ends at its deadline, its reader heals, and the reader beside it goes on selling. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fromHex } from "../device/base/bytes.ts";
import { SILENT } from "../device/base/log.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import { openPcsc, type Pcsc, type ReaderRule } from "../device/drivers/pcsc/open.ts";
import { isControlChannel } from "../device/drivers/pcsc/reader.ts";
import type { CardReader } from "../device/drivers/ports.ts";
import { systemClock } from "../device/system/clock.ts";
import { Hangs, hangObstacle, type NativeCall, ShopBeside } from "./benches/preload.ts";

const obstacle = hangObstacle();
const clock = systemClock();
const RULE: ReaderRule = { interface: "contact", nameIncludes: ["modules"], slot: 0 };
const SELECT_ENVIRONMENT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");
const GET_FEATURES = 0x42000000 + 3_400;
const DEADLINE_MS = 800;
/** Killing a process and telling of it. */
const SLACK_MS = 500;
const BACK_MS = 2_000;
/** A process that says nothing for so long before it has reached the service is replaced. */
const START_SILENCE_MS = 5_000;

describe.skipIf(obstacle !== undefined)(`a PC/SC call that never returns${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => {
  let beside: ShopBeside;
  let hangs: Hangs;
  let pcsc: Pcsc;
  let reader: CardReader;

  beforeAll(async () => {
    beside = await ShopBeside.open();
    await beside.stage.simulator.request({ do: "insert", name: await beside.stage.makeCard(), reader: "modules", slot: 0 });
  });
  afterAll(() => beside.close());
  beforeEach(() => {
    hangs = new Hangs();
    pcsc = openPcsc({ processes: hangs.processes(), clock, log: SILENT, env: beside.stage.service.environment });
    reader = pcsc.reader(RULE);
  });
  afterEach(async () => {
    await pcsc.close();
    hangs.close();
  });

  async function serve(): Promise<void> {
    const channel = await reader.waitForCard(limits(BACK_MS));
    expect((await channel.transmit(SELECT_ENVIRONMENT, limits(DEADLINE_MS))).length).toBeGreaterThanOrEqual(2);
    await channel.close();
  }

  /** The call hangs, ends with this fault and not before its deadline; then the reader serves by itself. */
  async function expectHang(call: NativeCall, work: () => Promise<unknown>, fault: object): Promise<void> {
    hangs.arm(call);
    const beganMs = clock.monotonicMs();
    const ended = work().catch((error: unknown) => error);
    await hangs.untilHung(call);
    expect(await beside.sellDuring(call, ended)).toMatchObject(fault);
    expect(clock.monotonicMs() - beganMs).toBeLessThan(2_000 + SLACK_MS);
    hangs.disarm(call);
    const healedMs = clock.monotonicMs();
    await serve();
    expect(clock.monotonicMs() - healedMs).toBeLessThan(BACK_MS);
  }

  it("connect", async () => {
    await serve();
    await expectHang("SCardConnect", () => reader.waitForCard(limits(5_000)), { code: "reader-hung", effectUnknown: false });
  });

  it("transmit", async () => {
    await serve();
    const channel = await reader.waitForCard(limits(BACK_MS));
    await expectHang("SCardTransmit", () => channel.transmit(SELECT_ENVIRONMENT, limits(DEADLINE_MS)), { code: "reader-hung", effectUnknown: true });
  });

  it("control", async () => {
    const channel = await reader.waitForCard(limits(BACK_MS));
    if (!isControlChannel(channel)) throw new Error("a channel of this reader has control codes");
    const work = () => channel.control(GET_FEATURES, new Uint8Array(0), limits(DEADLINE_MS));
    await expectHang("SCardControl", work, { code: "reader-hung", effectUnknown: true });
  });

  it("the way to the service, while the process starts", async () => {
    await pcsc.close();
    hangs.arm("SCardEstablishContext");
    pcsc = openPcsc({ processes: hangs.processes(), clock, log: SILENT, env: beside.stage.service.environment });
    reader = pcsc.reader(RULE);
    await hangs.untilHung("SCardEstablishContext");
    const ended = reader.waitForCard(limits(DEADLINE_MS)).catch((error: unknown) => error);
    expect(await beside.sellDuring("SCardEstablishContext", ended)).toMatchObject({ code: "reader-service-gone", effectUnknown: false });
    hangs.disarm("SCardEstablishContext");
    await pcsc.ready(limits(START_SILENCE_MS + BACK_MS));
    await serve();
  });

  it("disconnect", async () => {
    const channel = await reader.waitForCard(limits(BACK_MS));
    // Nobody is told: the card is powered anew by the next connect.
    await expectHang("SCardDisconnect", async () => ({ closed: await channel.close() }), { closed: undefined });
  });
});
