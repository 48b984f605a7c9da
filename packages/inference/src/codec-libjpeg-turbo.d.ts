// What we use of @cornerstonejs/codec-libjpeg-turbo-8bit, which ships no types: libjpeg-turbo as WebAssembly.
declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  /** Decodes what was written to the encoded buffer: 8-bit interleaved RGB, or grey for one component. */
  interface JPEGDecoder {
    /** A view into WebAssembly memory: write the file there; valid until the next call of the decoder. */
    getEncodedBuffer(length: number): Uint8Array;
    /** @throws when libjpeg-turbo reports an error or a warning */
    decode(): void;
    /** A view into WebAssembly memory: copy it before the next call of the decoder. */
    getDecodedBuffer(): Uint8ClampedArray;
  }
  const load: (options?: object) => Promise<{ JPEGDecoder: new () => JPEGDecoder }>;
  export = load;
}
