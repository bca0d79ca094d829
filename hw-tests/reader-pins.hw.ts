/* PIN entry at the user's reader on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { pinVerifierContract } from "../device/drivers/contract/pin-verifier-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalPinVerifierBench } from "./benches/metal-readers.ts";

const desk = metalDesk();

pinVerifierContract(desk.file.name, () => metalPinVerifierBench(desk));
