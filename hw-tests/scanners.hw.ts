/* The scanner on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { scannerContract } from "../device/drivers/contract/scanner-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalScannerBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

scannerContract(desk.file.name, () => metalScannerBench(desk));
