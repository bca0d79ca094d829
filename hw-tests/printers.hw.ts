/* The printer on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { printerContract } from "../device/drivers/contract/printer-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalPrinterBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

printerContract(desk.file.name, () => metalPrinterBench(desk));
