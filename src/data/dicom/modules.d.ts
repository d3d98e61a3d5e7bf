// Types of packages that bring none.

declare module 'dicom-character-set' {
  /** Text of DICOM's character sets as a string. */
  export function convertBytes(
    charset: string | undefined,
    bytes: Uint8Array,
    options?: { vr?: string },
  ): string;
}
