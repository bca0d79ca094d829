/* The 02h pad on a real tty: the same suite as in process. */
import { ttyStand } from "../../../simulators/line/testing.ts";
import { pinPadContract } from "../contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE, type PadProfile } from "./pad.ts";
import { padBench } from "./testing.ts";

const BAUD_RATE = 9_600;

const makeBench = (profile: PadProfile) => async () => padBench(await ttyStand(BAUD_RATE), { profile });

pinPadContract("02h pad on a tty, split", makeBench(DEFAULT_PAD_PROFILE));
pinPadContract("02h pad on a tty, binary", makeBench({ ...DEFAULT_PAD_PROFILE, coding: "binary" }));
