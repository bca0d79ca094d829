/* The card reader and the reader of the security modules behind the real PC/SC service: both are unplugged and plugged in again and again, with what lies in them. */
import { describe, expect } from "vitest";
import { fromHex } from "../device/base/bytes.ts";
import { limits } from "../device/drivers/contract/bench.ts";
import type { CardReader } from "../device/drivers/ports.ts";
import { CARD_RULE, MODULE_RULE, PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";
import { type ReplugBench, type ReplugKind, replugSuite } from "./benches/replug.ts";

const obstacle = pcscdLaneObstacle();
const SERVICES = 4;
const LOSS_SEEN = limits(5_000);
const EXCHANGE = limits(2_500);
/** SELECT of the environment, and GET CHALLENGE: answered by any card, and by any module, without effect. */
const CARD_COMMAND = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");
const MODULE_COMMAND = fromHex("0084000008");

async function exchange(reader: CardReader, command: Uint8Array): Promise<void> {
  const channel = await reader.waitForCard(EXCHANGE);
  expect((await channel.transmit(command, EXCHANGE)).length).toBeGreaterThanOrEqual(2);
}

/** A service of its own with both readers. */
async function openService(): Promise<ReplugBench> {
  const stage = await PcscdStage.start();
  const pcsc = stage.open();
  const [cards, modules] = [pcsc.reader(CARD_RULE), pcsc.reader(MODULE_RULE)];
  const plugs = (what: "plug" | "unplug") => Promise.all(["counter", "modules"].map((reader) => stage.simulator.request({ do: what, reader })));
  await stage.insert(await stage.makeCard());
  return {
    unplug: async () => {
      await plugs("unplug");
      for (const reader of [cards, modules]) {
        await reader.waitForRemoval(LOSS_SEEN);
        await expect(reader.waitForCard(limits(1))).rejects.toMatchObject({ code: "reader-gone", effectUnknown: false });
      }
    },
    plugIn: async () => void (await plugs("plug")),
    serve: async () => void (await Promise.all([exchange(cards, CARD_COMMAND), exchange(modules, MODULE_COMMAND)])),
    close: async () => {
      await pcsc.close();
      await stage.stop();
    },
  };
}

/** A service takes its time to notice a loss and a return, and so several are made to do so at once. */
async function openServices(): Promise<ReplugBench> {
  const services = await Promise.all(Array.from({ length: SERVICES }, openService));
  const all = async (what: (service: ReplugBench) => Promise<void>) => void (await Promise.all(services.map(what)));
  return {
    unplug: () => all((service) => service.unplug()),
    plugIn: () => all((service) => service.plugIn()),
    serve: (round) => all((service) => service.serve(round)),
    close: () => all((service) => service.close()),
  };
}

const KINDS: readonly ReplugKind[] = [{ name: `readers of cards and modules of ${SERVICES} services`, process: "pcsc", atOnce: SERVICES, open: openServices }];

describe.skipIf(obstacle !== undefined)(`behind pcscd${obstacle === undefined ? "" : ` (skipped: ${obstacle})`}`, () => replugSuite(KINDS));
