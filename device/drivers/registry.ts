/* The table of adapter families: one line each. Whoever adds a driver adds a folder and a line. */
import { openPcsc } from "./pcsc/open.ts";

export const ADAPTERS = {
  pcsc: { serves: ["CardReader", "PinVerifier"], speaksTo: "readers of the PC/SC service", open: openPcsc },
} as const;
