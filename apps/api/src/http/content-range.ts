import type { IncomingHttpHeaders } from "node:http";
import { ValidationError } from "../errors.ts";

/** Which bytes a request carries. */
export interface Part {
  start: number;
  /** Of this part; undefined when the sender does not say. */
  length?: number;
  /** Of the whole; undefined when the body is all of it. */
  total?: number;
}

/** @throws ValidationError for a Content-Range that is none or that disagrees with the Content-Length */
export function partOf(headers: IncomingHttpHeaders): Part {
  const contentLength =
    headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
  const range = headers["content-range"];
  if (range === undefined) return { start: 0, length: contentLength };
  const [, start, end, total] = (/^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? []).map(Number);
  if (total === undefined || start > end || end >= total)
    throw ValidationError.of(
      "content-range",
      `"${range}" is none. Give "bytes <first>-<last>/<total>", counted from 0, the last one included.`,
    );
  const length = end - start + 1;
  if (contentLength !== undefined && contentLength !== length)
    throw ValidationError.of(
      "content-range",
      `It announces ${length} bytes and Content-Length ${contentLength}. Make them equal.`,
    );
  return { start, length, total };
}
