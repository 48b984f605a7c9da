import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { TadaDocumentNode } from "gql.tada";
import { print } from "graphql";
import { CommandError } from "./errors.ts";

export interface Connection {
  /** Address of the API, e.g. http://127.0.0.1:4000 */
  readonly url: string;
  /** `flt_<prefix>_<secret>`; not needed where the API signs its local user in. */
  readonly token?: string;
  /** Slug of the project that uploads belong to, for tokens that reach several. */
  readonly project?: string;
}

export type UploadProgress = (sentBytes: number, totalBytes: number) => void;

/** The API as the command line and the demo use it: typed operations, and resumable uploads. */
export class Client {
  constructor(readonly connection: Connection) {}

  private headers(): Record<string, string> {
    const { token, project } = this.connection;
    return {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(project ? { "x-faultline-project": project } : {}),
    };
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(path, this.connection.url), init);
    } catch (cause) {
      throw new CommandError(
        `cannot reach the API at ${this.connection.url}: is it running? (--url or FAULTLINE_URL)`,
        {
          cause,
        },
      );
    }
  }

  /** Sends one operation. Throws CommandError with the API's own messages when it is refused. */
  async query<Data, Variables>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const response = await this.send("/graphql", {
      method: "POST",
      headers: { ...this.headers(), "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const text = await response.text();
    let body: { data?: Data; errors?: { message: string; extensions?: { requestId?: string } }[] };
    try {
      body = JSON.parse(text);
    } catch (cause) {
      throw new CommandError(
        `${this.connection.url} answered ${response.status} with something other than JSON`,
        {
          cause,
        },
      );
    }
    if (body.errors?.length || !body.data) {
      const messages = body.errors?.map((e) => e.message) ?? [`the API answered ${response.status}`];
      throw new CommandError(messages.join("\n"));
    }
    return body.data;
  }

  /** A GET of one of the API's plain HTTP paths, as the verdict export. */
  async get(path: string): Promise<Response> {
    const response = await this.send(path, { headers: this.headers() });
    if (!response.ok) throw new CommandError(await refusal(response));
    return response;
  }

  /**
   * Uploads a file under its SHA-256, resuming where an earlier try ended; returns the hash.
   * A file that the project has already is not sent again.
   */
  async upload(path: string, onProgress?: UploadProgress): Promise<string> {
    const { size } = await stat(path).catch((cause) => {
      throw new CommandError(`cannot read ${path}`, { cause });
    });
    if (size === 0) throw new CommandError(`${path} is empty`);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    const sha256 = hash.digest("hex");

    const head = await this.send(`/uploads/${sha256}`, { method: "HEAD", headers: this.headers() });
    if (head.status === 200) {
      onProgress?.(size, size);
      return sha256;
    }
    const offset = Math.min(Number(head.headers.get("upload-offset") ?? 0), size - 1);
    let sent = offset;
    const body = Readable.toWeb(
      createReadStream(path, { start: offset }).on("data", (chunk) => {
        sent += chunk.length;
        onProgress?.(sent, size);
      }),
    );
    const init: RequestInit & { duplex: "half" } = {
      method: "PUT",
      headers: {
        ...this.headers(),
        "content-type": "application/octet-stream",
        "content-length": String(size - offset),
        "content-range": `bytes ${offset}-${size - 1}/${size}`,
      },
      body,
      duplex: "half",
    };
    const response = await this.send(`/uploads/${sha256}`, init);
    if (!response.ok) throw new CommandError(`upload of ${path} refused: ${await refusal(response)}`);
    return sha256;
  }
}

/** What the API says of a request that it refused: its own messages where it sent them. */
async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { errors } = JSON.parse(text) as { errors: { message: string }[] };
    return errors.map(({ message }) => message).join("\n");
  } catch {
    return `${response.status} ${text}`;
  }
}

/** The failure members that every mutation's result union may hold. */
interface Failure {
  readonly __typename: string;
  readonly message?: string;
  readonly field?: string;
  readonly issues?: readonly { readonly field: string; readonly message: string }[];
}

/**
 * The success member of a mutation's result; throws CommandError with the field and remedy of a failure.
 * @param success the __typename of the member wanted
 */
export function expectResult<
  Result extends { readonly __typename: string },
  Name extends Result["__typename"],
>(result: Result, success: Name): Extract<Result, { readonly __typename: Name }> {
  if (result.__typename === success) return result as Extract<Result, { readonly __typename: Name }>;
  const failure: Failure = result;
  if (failure.issues?.length)
    throw new CommandError(failure.issues.map((issue) => `${issue.field}: ${issue.message}`).join("\n"));
  throw new CommandError(
    failure.field ? `${failure.field}: ${failure.message}` : (failure.message ?? failure.__typename),
  );
}
