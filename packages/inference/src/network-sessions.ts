import { EncoderSession } from "./encoder.ts";
import { HeadSession } from "./head.ts";
import { PreprocessingSpec } from "./preprocessing.ts";
import { TextTower } from "./text-tower.ts";
import { TokenizerSpec } from "./tokenizer.ts";

interface Session {
  close(): Promise<void>;
}

/** Sessions that are kept open though no job uses them; the least recently used are closed first. */
const idleLimit = 6;

/**
 * ONNX sessions of this process. A session runs one batch after another, so whoever needs a network at the same
 * time gets a session of its own; after that the session waits for the next use, since opening one costs more than
 * most uses.
 */
export class NetworkSessions {
  readonly #read: (sha256: string) => Promise<Buffer>;
  readonly #threads: number;
  /** Least recently used first. */
  #idle: { key: string; session: Session }[] = [];

  /**
   * @param read the bytes with this SHA-256, as an artifact store has them
   * @param threads ONNX Runtime threads of each session
   */
  constructor(read: (sha256: string) => Promise<Buffer>, threads: number) {
    this.#read = read;
    this.#threads = threads;
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
      async () => EncoderSession.open(await this.#read(sha256), spec, { threads: this.#threads, field }),
      use,
    );
  }

  /** @param width d: values per embedding */
  withHead<T>(sha256: string, width: number, use: (head: HeadSession) => Promise<T>): Promise<T> {
    return this.#with(
      `head/${sha256}/${width}`,
      async () => HeadSession.open(await this.#read(sha256), width, { threads: this.#threads }),
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
        return TextTower.open(tower, TokenizerSpec.parse(tokenizer), { threads: this.#threads });
      },
      use,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ session }) => session.close()));
  }

  async #with<S extends Session, T>(
    key: string,
    open: () => Promise<S>,
    use: (session: S) => Promise<T>,
  ): Promise<T> {
    const found = this.#idle.findIndex((idle) => idle.key === key);
    const session = found >= 0 ? (this.#idle.splice(found, 1)[0].session as S) : await open();
    try {
      const result = await use(session);
      this.#idle.push({ key, session });
      if (this.#idle.length > idleLimit) await this.#idle.shift()?.session.close();
      return result;
    } catch (error) {
      // A session that failed may be broken: the next use opens a fresh one.
      await session.close();
      throw error;
    }
  }
}
