/* The keypad on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { keypadContract } from "../device/drivers/contract/keypad-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalKeypadBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

keypadContract(desk.file.name, () => metalKeypadBench(desk));
