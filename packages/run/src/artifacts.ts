/** What reading and writing hand-overs needs of an artifact store. */
export interface Artifacts {
  put(content: Uint8Array): Promise<{ sha256: string }>;
  read(sha256: string): Promise<Buffer>;
  /** Exactly `length` bytes from `offset`. */
  readRange(sha256: string, offset: number, length: number): Promise<Buffer>;
}
