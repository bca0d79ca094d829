/*
 * The cross-built PC/SC binding in an arm64 process, against the native PC/SC service of this machine: both speak structures of fixed
 * width, so that a client of another architecture is served.
 */
import { afterAll, beforeAll, describe } from "vitest";
import { cardChannelContract } from "../../../device/drivers/contract/card-channel-contract.ts";
import { cardReaderContract } from "../../../device/drivers/contract/card-reader-contract.ts";
import { PcscdStage, pcscdLaneObstacle } from "../../../hw-tests/benches/pcscd.ts";

const obstacle = pcscdLaneObstacle();

describe.skipIf(obstacle !== undefined)(`PC/SC${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let stage: PcscdStage;
  beforeAll(async () => {
    stage = await PcscdStage.start();
  });
  afterAll(() => stage.stop());

  cardReaderContract("arm64 binding, pcscd", () => stage.cardBench());
  cardChannelContract("arm64 binding, pcscd", () => stage.cardBench());
});
