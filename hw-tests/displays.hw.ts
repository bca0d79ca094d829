/* The customer's display on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { displayContract } from "../device/drivers/contract/display-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalDisplayBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

displayContract(desk.file.name, () => metalDisplayBench(desk));
