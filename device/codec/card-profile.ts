/**
 * Questions that the card specifications leave open, each a named switch. The kernel and the simulators read the same names;
 * neither guesses. Values are chosen per region in the terminal's configuration.
 */
export interface CardProfile {
  /** Algorithm when tag 86 is missing from the card's FCI. */
  readonly algWhenTagAbsent: "des" | "ssf33";
  /** Meaning of an empty version item (EF05 tag 03). */
  readonly emptyVersion: "1.0" | "reject";
  /** Status word for a wrong MAC2 at CREDIT SAM (simulator); the terminal treats both as a refusal. */
  readonly psamCreditError: "9302" | "63CF";
  /** Levels of diversification that the PSAM's keys need, tried in this order. */
  readonly psamLevels: "auto321" | "3" | "2" | "1";
  /** Algorithm byte of SM4 in PSAM key records. */
  readonly psamAlgByteSm4: number;
  /** How the city factor is made of the region digits. */
  readonly cityFactorTemplate: "region6+7378";
  /** Reduction of an SM4 MAC of the PBOC purse to 4 bytes. */
  readonly macReduce: "left4" | "fold4";
  /** Padding of the session-key input of the SM4 PBOC purse to 16 bytes. */
  readonly sessionPad: "zeros" | "pad80";
  /** Child key of the SM4 PBOC purse: E_K(f ‖ ~f), or as in 3DES one block for each half: E_K(f ‖ f) … */
  readonly sm4Diversify: "fNotF" | "fZeros";
  /** Sequence that the card writes into its log and expects in GET TRANSACTION PROVE (simulator): before or after the increment. */
  readonly logSeqMode: "pre" | "post";
  /** Sequences that the terminal tries in GET TRANSACTION PROVE, in order. */
  readonly proveSeqOrder: readonly ("log1" | "seq" | "seq+1")[];
}

/** The reading of the specifications that we hold the most likely one; a region that differs names what differs in its configuration. */
export const DEFAULT_CARD_PROFILE: CardProfile = {
  algWhenTagAbsent: "des",
  emptyVersion: "1.0",
  psamCreditError: "9302",
  psamLevels: "auto321",
  psamAlgByteSm4: 0x03,
  cityFactorTemplate: "region6+7378",
  macReduce: "left4",
  sessionPad: "zeros",
  sm4Diversify: "fNotF",
  logSeqMode: "post",
  proveSeqOrder: ["log1", "seq", "seq+1"],
};
