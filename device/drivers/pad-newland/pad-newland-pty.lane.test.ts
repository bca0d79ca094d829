/* The Newland pad on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_NEWLAND_PROFILE } from "./pad.ts";
import { newlandBench } from "./testing.ts";

const BAUD_RATE = 9_600;

pinPadContract("Newland pad on a tty", async () => newlandBench(await ttyStand(BAUD_RATE), { profile: DEFAULT_NEWLAND_PROFILE }));
