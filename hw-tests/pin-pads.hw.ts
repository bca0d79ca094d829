/* The PIN pad on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { pinPadContract } from "../device/drivers/contract/pin-pad-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalPinPadBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

pinPadContract(desk.file.name, () => metalPinPadBench(desk));
