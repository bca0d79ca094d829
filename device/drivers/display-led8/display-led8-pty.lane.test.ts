/* A customer's display on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { displayContract } from "../contract/display-contract.ts";
import { displayBench } from "./testing.ts";

const BAUD_RATE = 2_400;

displayContract("LED8 on a tty", async () => displayBench(await ttyStand(BAUD_RATE)));
