import { InvalidInputError } from "./errors.ts";

/** Bytes as base64 text (RFC 4648, padded), in Node and in browsers alike. */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  // Spread in pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** The bytes of base64 text. Throws InvalidInputError, naming `field`, when it is not base64. */
export function decodeBase64(text: string, field: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new InvalidInputError(field, "is not base64", "Pass the text unchanged, as it was exported.");
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
