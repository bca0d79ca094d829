/* Terminal verification results (95) and transaction status information (9B). Spec: JR/T 0025, terminal data (bits as EMV book 3, annex C). */
import type { BitNames } from "./bit-names.ts";

export const TVR_LENGTH = 5;
export const TSI_LENGTH = 2;

export type VerificationResult =
  | "authentication-not-performed"
  | "static-authentication-failed"
  | "card-data-missing"
  | "card-on-exception-list"
  | "dynamic-authentication-failed"
  | "combined-authentication-failed"
  | "static-authentication-selected"
  | "versions-differ"
  | "application-expired"
  | "application-not-yet-effective"
  | "service-not-allowed"
  | "new-card"
  | "holder-verification-failed"
  | "verification-method-unknown"
  | "pin-tries-exceeded"
  | "pin-pad-missing"
  | "pin-not-entered"
  | "online-pin-entered"
  | "floor-limit-exceeded"
  | "lower-velocity-limit-exceeded"
  | "upper-velocity-limit-exceeded"
  | "selected-at-random"
  | "merchant-forced-online"
  | "default-certificate-list-used"
  | "issuer-authentication-failed"
  | "script-failed-before-final"
  | "script-failed-after-final";

export const TVR_BITS: BitNames<VerificationResult> = {
  "authentication-not-performed": [1, 8],
  "static-authentication-failed": [1, 7],
  "card-data-missing": [1, 6],
  "card-on-exception-list": [1, 5],
  "dynamic-authentication-failed": [1, 4],
  "combined-authentication-failed": [1, 3],
  "static-authentication-selected": [1, 2],
  "versions-differ": [2, 8],
  "application-expired": [2, 7],
  "application-not-yet-effective": [2, 6],
  "service-not-allowed": [2, 5],
  "new-card": [2, 4],
  "holder-verification-failed": [3, 8],
  "verification-method-unknown": [3, 7],
  "pin-tries-exceeded": [3, 6],
  "pin-pad-missing": [3, 5],
  "pin-not-entered": [3, 4],
  "online-pin-entered": [3, 3],
  "floor-limit-exceeded": [4, 8],
  "lower-velocity-limit-exceeded": [4, 7],
  "upper-velocity-limit-exceeded": [4, 6],
  "selected-at-random": [4, 5],
  "merchant-forced-online": [4, 4],
  "default-certificate-list-used": [5, 8],
  "issuer-authentication-failed": [5, 7],
  "script-failed-before-final": [5, 6],
  "script-failed-after-final": [5, 5],
};

export type StatusInformation =
  | "authentication-performed"
  | "holder-verification-performed"
  | "card-risk-management-performed"
  | "issuer-authentication-performed"
  | "terminal-risk-management-performed"
  | "script-processing-performed";

export const TSI_BITS: BitNames<StatusInformation> = {
  "authentication-performed": [1, 8],
  "holder-verification-performed": [1, 7],
  "card-risk-management-performed": [1, 6],
  "issuer-authentication-performed": [1, 5],
  "terminal-risk-management-performed": [1, 4],
  "script-processing-performed": [1, 3],
};
