/*
 * Goal: the way from a bench file to the suites of readers is whole: card reader, PIN entry at it, and security module.
 * Method: simulated cards behind the real PC/SC service stand for metal; a program of its own is the hand that inserts, removes and presses keys.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HolderAct } from "../simulators/pinpad/holder.ts";
import { RUN_LIMIT_MS, runHwTest, startRobot } from "./benches/metal-robot.ts";
import { CARD_RULE, MODULE_RULE, PcscdStage, pcscdLaneObstacle } from "./benches/pcscd.ts";

const obstacle = pcscdLaneObstacle();
/** TEST ONLY. */
const PIN = "135246";
const KEYPAD = { reader: "counter", slot: 0, timeoutMs: 200 } as const;

describe.skipIf(obstacle !== undefined)(`hw-test with readers${obstacle === undefined ? "" : ` (${obstacle})`}`, () => {
  let folder = "";
  let stage: PcscdStage;
  let robot: Awaited<ReturnType<typeof startRobot>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ykt-metal-"));
    stage = await PcscdStage.start();
    const card = await stage.makeCard({ pin: PIN });
    const keypad = (act: HolderAct) => () => stage.simulator.request({ do: "keypad", acts: [act], ...KEYPAD });
    await keypad({ kind: "walks-away" })();
    robot = await startRobot(folder, {
      insert: () => stage.insert(card),
      remove: () => stage.takeOut(),
      "press-right-pin": keypad({ kind: "enters", digits: PIN }),
      "press-wrong-pin": keypad({ kind: "enters", digits: "642531" }),
      "press-cancel": keypad({ kind: "cancels" }),
      "press-nothing": keypad({ kind: "walks-away" }),
    });
  }, 60_000);

  afterAll(async () => {
    robot.close();
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it(
    "runs card reader, PIN entry and module as the file names them",
    async () => {
      const file = {
        name: "robot desk",
        hand: robot.program,
        readers: { user: CARD_RULE, sam: MODULE_RULE },
        cardPin: { card: "keep" },
        module: { card: "debit" },
      };
      const ended = await runHwTest(folder, file, { HW: "1", ...stage.service.environment });
      expect(ended.failures).toEqual([]);
      expect([ended.code, ended.error]).toEqual([0, ""]);
      const passed = [
        "card reader contract: robot desk > finds a card that comes while it waits",
        "card channel contract: robot desk > sends nothing to the card that came after its own",
        "PIN verifier contract: robot desk > the right PIN gives the tries back",
        "security module contract: robot desk > accepts the card's own MAC2",
      ];
      for (const name of passed) expect(ended.out).toMatch(new RegExp(`✓ .*${name}`));
      expect(ended.out).toMatch(/left out: .*three wrong PINs lock the card/);
      expect(ended.out).toContain("gate: not named in");
    },
    RUN_LIMIT_MS,
  );
});
