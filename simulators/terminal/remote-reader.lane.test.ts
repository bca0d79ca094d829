/* The reader and channel contracts over the reader whose slots are behind a socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fromHex } from "../../device/base/bytes.ts";
import { openCipherSuite } from "../../device/crypto/suite.ts";
import { type CardBench, limits } from "../../device/drivers/contract/bench.ts";
import { cardChannelContract } from "../../device/drivers/contract/card-channel-contract.ts";
import { cardReaderContract } from "../../device/drivers/contract/card-reader-contract.ts";
import { systemClock } from "../../device/system/clock.ts";
import { makeTestCard } from "../card/make.ts";
import { IfdServer } from "../reader/ifd-server.ts";
import type { ReaderSlot } from "../reader/slot.ts";
import { RemoteReader } from "./remote-reader.ts";

const SUITE = openCipherSuite();
const SELECT_ENVIRONMENT = fromHex("00a404000f7378312e73682ec9e7bbe1b1a3d5cf");

async function openDesk() {
  const folder = mkdtempSync(join(tmpdir(), "yikatong-remote-"));
  const clock = systemClock();
  const socketPath = join(folder, "desk.sock");
  const server = new IfdServer({ socketPath, slots: 1, clock });
  await server.plug();
  const [slot] = server.slots as [ReaderSlot];
  const reader = new RemoteReader({ name: "remote", interface: "contactless", socketPath, slot: 0, clock });
  const close = async (): Promise<void> => {
    await reader.close();
    await server.unplug();
    rmSync(folder, { recursive: true, force: true });
  };
  return { clock, server, slot, reader, close };
}

async function cardBench(): Promise<CardBench> {
  const { clock, server, slot, reader, close } = await openDesk();
  const card = makeTestCard(SUITE, { balanceFen: 10_000, algorithm: "sm4" });
  // Its word travels over a socket, so the reader notices a moment later.
  const noticed = () => clock.sleep(20);
  return {
    reader,
    close,
    run: (work) => work,
    harmlessCommand: SELECT_ENVIRONMENT,
    insert: () => {
      slot.insert(card);
      return noticed();
    },
    remove: () => {
      slot.remove();
      return noticed();
    },
    hangNextCommand: async () => slot.plan({ fate: "hang" }),
    tearNextCommand: async () => slot.plan({ fate: "tear", at: "before" }),
    insertMute: () => {
      card.setFaults({ mute: true });
      slot.insert(card);
      return noticed();
    },
    loseReader: () => server.unplug(),
    restoreReader: () => server.plug(),
  };
}

cardReaderContract("behind a socket", cardBench);
cardChannelContract("behind a socket", cardBench);

test("a card loses its power when its terminal is gone", async () => {
  const { clock, slot, reader, close } = await openDesk();
  const card = makeTestCard(SUITE, { balanceFen: 10_000, algorithm: "sm4" });
  slot.insert(card);
  await reader.waitForCard(limits(3_000));
  expect(card.powered).toBe(true);
  await reader.close();
  await clock.sleep(50);
  expect(card.powered).toBe(false);
  expect(slot.card).toBe(card);
  await close();
});
