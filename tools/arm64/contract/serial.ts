/* A driver over the arm64 serial binding and a real tty: the PIN pad, whose dialogue has binary frames both ways and a cipher. */

import { pinPadContract } from "../../../device/drivers/contract/pin-pad-contract.ts";
import { DEFAULT_PAD_PROFILE } from "../../../device/drivers/pad-02h/pad.ts";
import { padBench } from "../../../device/drivers/pad-02h/testing.ts";
import { ttyStand } from "../../../simulators/line/testing.ts";

const BAUD_RATE = 9_600;

pinPadContract("02h pad on a tty, arm64", async () => padBench(await ttyStand(BAUD_RATE), { profile: DEFAULT_PAD_PROFILE }));
