/* The user's card reader on metal, as the bench file of this desk names it. It has no assertions of its own. */
import { cardChannelContract } from "../device/drivers/contract/card-channel-contract.ts";
import { cardReaderContract } from "../device/drivers/contract/card-reader-contract.ts";
import { metalDesk } from "./benches/metal.ts";
import { metalCardBench } from "./benches/metal-readers.ts";

const desk = metalDesk();

cardReaderContract(desk.file.name, () => metalCardBench(desk));
cardChannelContract(desk.file.name, () => metalCardBench(desk));
