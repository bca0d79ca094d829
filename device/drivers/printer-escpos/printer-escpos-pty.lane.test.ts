/* An ESC/POS printer on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { printerContract } from "../contract/printer-contract.ts";
import { printerBench } from "./testing.ts";

const BAUD_RATE = 9_600;

printerContract("ESC/POS on a tty", async () => printerBench(await ttyStand(BAUD_RATE)));
printerContract("ESC/POS on a tty, asked in its turn", async () => printerBench(await ttyStand(BAUD_RATE), { profile: { slipEnd: "in-turn" } }));
