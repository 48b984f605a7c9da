import { EncoderSession } from "./encoder.ts";
import { HeadSession } from "./head.ts";
import type { SessionOptions } from "./onnx-session.ts";
import { PreprocessingSpec } from "./preprocessing.ts";
import { TextTower } from "./text-tower.ts";
import { TokenizerSpec } from "./tokenizer.ts";

interface Session {
  close(): Promise<void>;
}

/** A session and those who use it at this time. */
interface Opened {
  readonly session: Promise<Session>;
  /** Copies of the network that it has in memory. */
  readonly instances: number;
  users: number;
}

/**
 * ONNX sessions of this process, one a network: whoever needs a network at the same time shares it, so that memory and
 * busy cores depend on the settings alone. A session stays open for the next use, since opening one costs more than
 * most uses: of those that nobody uses, what two encoders and four other networks take is kept, the least recently used
 * are closed.
 */
export class NetworkSessions {
  readonly #read: (sha256: string) => Promise<Buffer>;
  readonly #options: SessionOptions;
  /** Least recently used first. */
  readonly #opened = new Map<string, Opened>();

  /**
   * @param read the bytes with this SHA-256, as an artifact store has them
   * @param options of every session; instances are for encoders and image towers, other networks have one
   */
  constructor(read: (sha256: string) => Promise<Buffer>, options: SessionOptions = {}) {
    this.#read = read;
    this.#options = options;
  }

  /** An image encoder or a VLM's image tower. @param preprocessing as stored with the model */
  withEncoder<T>(
    sha256: string,
    preprocessing: unknown,
    field: string,
    use: (encoder: EncoderSession) => Promise<T>,
  ): Promise<T> {
    const spec = PreprocessingSpec.parse(preprocessing);
    return this.#with(
      `encoder/${sha256}/${JSON.stringify(spec)}`,
      async () => EncoderSession.open(await this.#read(sha256), spec, { ...this.#options, field }),
      this.#instances,
      use,
    );
  }

  /** @param width d: values per embedding */
  withHead<T>(sha256: string, width: number, use: (head: HeadSession) => Promise<T>): Promise<T> {
    return this.#with(
      `head/${sha256}/${width}`,
      async () => HeadSession.open(await this.#read(sha256), width, this.#single),
      1,
      use,
    );
  }

  withTextTower<T>(
    sha256: string,
    tokenizerSha256: string,
    use: (tower: TextTower) => Promise<T>,
  ): Promise<T> {
    return this.#with(
      `text/${sha256}/${tokenizerSha256}`,
      async () => {
        const tokenizer = JSON.parse((await this.#read(tokenizerSha256)).toString("utf8")) as unknown;
        const tower = await this.#read(sha256);
        return TextTower.open(tower, TokenizerSpec.parse(tokenizer), this.#single);
      },
      1,
      use,
    );
  }

  /** Closes every session; those that are in use, when they no longer are. */
  async close(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(opened.map(closeUnused));
  }

  get #instances(): number {
    return this.#options.instances ?? 1;
  }

  get #single(): SessionOptions {
    return { ...this.#options, instances: 1 };
  }

  async #with<S extends Session, T>(
    key: string,
    open: () => Promise<S>,
    instances: number,
    use: (session: S) => Promise<T>,
  ): Promise<T> {
    const opened = this.#opened.get(key) ?? { session: open(), instances, users: 0 };
    // The last one in the map is the last one used.
    this.#opened.delete(key);
    this.#opened.set(key, opened);
    opened.users++;
    try {
      return await use((await opened.session) as S);
    } catch (error) {
      // A session that failed may be broken: the next use opens a fresh one.
      if (this.#opened.get(key) === opened) this.#opened.delete(key);
      throw error;
    } finally {
      opened.users--;
      if (this.#opened.get(key) !== opened) await closeUnused(opened);
      else await this.#closeLeastRecentlyUsed();
    }
  }

  async #closeLeastRecentlyUsed(): Promise<void> {
    const idle = [...this.#opened].filter(([, { users }]) => users === 0);
    let surplus = idle.reduce((sum, [, { instances }]) => sum + instances, -(2 * this.#instances + 4));
    for (const [key, opened] of idle) {
      if (surplus <= 0) return;
      surplus -= opened.instances;
      this.#opened.delete(key);
      await closeUnused(opened);
    }
  }
}

async function closeUnused({ users, session }: Opened): Promise<void> {
  if (users > 0) return;
  // What could not be opened needs no closing.
  const open = await session.catch(() => undefined);
  await open?.close();
}
