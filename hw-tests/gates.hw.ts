/* The gate on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { gateContract } from "../device/drivers/contract/gate-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalGateBench } from "./benches/metal-devices.ts";

const desk = metalDesk();

gateContract(desk.file.name, () => metalGateBench(desk));
