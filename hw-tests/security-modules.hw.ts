/* The security module on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { psamContract } from "../device/drivers/contract/psam-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalPsamBench } from "./benches/metal-readers.ts";

const desk = metalDesk();

psamContract(desk.file.name, () => metalPsamBench(desk));
