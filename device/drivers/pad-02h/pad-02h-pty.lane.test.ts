/* The 02h pad on a real tty: the same suites as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { padMacContract } from "../contract/pad-mac-contract.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "./pad.ts";
import { padBench, padMacBench } from "./testing.ts";

const BAUD_RATE = 9_600;

const makeBench = (profile: PadProfile) => async () => padBench(await ttyStand(BAUD_RATE), { profile });

pinPadContract("02h pad on a tty, split", makeBench(DEFAULT_PAD_PROFILE));
pinPadContract("02h pad on a tty, binary", makeBench({ ...DEFAULT_PAD_PROFILE, coding: "binary" }));
padMacContract("02h pad on a tty", async () => padMacBench(await ttyStand(BAUD_RATE), DEFAULT_PAD_PROFILE));
