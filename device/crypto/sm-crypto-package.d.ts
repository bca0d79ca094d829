/* The part of sm-crypto 0.5.8 that we use; the package has no types of its own. */
declare module "sm-crypto" {
  /** Number of jsbn. The package gives its class out only through values. */
  interface BigInteger {
    readonly constructor: new (digits: string, radix: number) => BigInteger;
  }

  interface NoncePoint {
    readonly k: BigInteger;
    readonly x1: BigInteger;
  }

  const library: {
    readonly sm2: {
      generateKeyPairHex(digits: string, radix: number): { readonly privateKey: string; readonly publicKey: string };
      getPoint(): NoncePoint;
      getPublicKeyFromPrivateKey(privateKey: string): string;
      doSignature(
        message: readonly number[],
        privateKey: string,
        options: { readonly pointPool: NoncePoint[]; readonly hash: true; readonly publicKey: string; readonly userId: string },
      ): string;
      /** Text counts as UTF-8. Without `userId` the identity is 1234567812345678. */
      doVerifySignature(
        message: readonly number[] | string,
        signature: string,
        publicKey: string,
        options: { readonly hash: true; readonly userId?: string },
      ): boolean;
      /** C1 ‖ C3 ‖ C2 without the leading 04 as digits; mode 1 is that order. */
      doEncrypt(plain: readonly number[], publicKey: string, mode: 1): string;
      /** Empty when the check fails. */
      doDecrypt(wrapped: string, privateKey: string, mode: 1, options: { readonly output: "array" }): readonly number[];
    };
    readonly sm3: (input: readonly number[], options?: { readonly mode: "hmac"; readonly key: readonly number[] }) => string;
    readonly sm4: {
      encrypt(input: readonly number[], key: readonly number[], options: Sm4Options): number[];
      decrypt(input: readonly number[], key: readonly number[], options: Sm4Options): number[];
    };
  };

  interface Sm4Options {
    readonly padding: "none";
    readonly output: "array";
    readonly mode?: "cbc";
    readonly iv?: readonly number[];
  }

  export = library;
}
