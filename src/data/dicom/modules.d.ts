// Types of packages that bring none.

declare module 'dicom-character-set' {
  /** Text of DICOM's character sets as a string. */
  export function convertBytes(
    charset: string | undefined,
    bytes: Uint8Array,
    options?: { vr?: string },
  ): string;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    readonly frame: { readonly dimX: number; readonly dimY: number; readonly numComp: number };
    decode(buffer: ArrayBuffer, offset: number, length: number, bytesEach: number): Uint8Array | Uint16Array;
  }
}
