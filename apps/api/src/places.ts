import { BusyError } from "./errors.ts";

export interface PlaceLimits {
  /** Pieces of work under way at a time. */
  atOnce: number;
  /** Pieces of work that wait for a place. */
  waiting: number;
  /** Places and waits that one tenant may have together. */
  ofOneTenant: number;
}

/**
 * Places for work that costs memory, processor time or a slow reader's time: so many in this process, taken in the order
 * of arrival, and only so many for one tenant, so that none can keep out the others.
 */
export class Places {
  #taken = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #ofTenant = new Map<string, number>();

  /** @param work what is done here, in the plural: a refusal names it */
  constructor(
    private readonly work: string,
    private readonly limits: PlaceLimits,
  ) {}

  /**
   * Waits for a place. @returns what gives it back, which may be called more than once
   *
   * @throws BusyError at once, where the tenant has enough of them or too many wait
   */
  async enter(tenant: string): Promise<() => void> {
    const { atOnce, waiting, ofOneTenant } = this.limits;
    const own = this.#ofTenant.get(tenant) ?? 0;
    if (own >= ofOneTenant)
      throw new BusyError(`${own} ${this.work} of yours are under way already. Try again in a moment.`);
    if (this.#taken >= atOnce && this.#waiting.length >= waiting)
      throw new BusyError(`${this.#taken} ${this.work} are under way already. Try again in a moment.`);
    this.#ofTenant.set(tenant, own + 1);
    if (this.#taken < atOnce) this.#taken++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(tenant);
    };
  }

  /** Does some work in a place. @throws as `enter`, and what the work throws */
  async run<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(tenant);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #leave(tenant: string): void {
    const own = (this.#ofTenant.get(tenant) ?? 1) - 1;
    if (own > 0) this.#ofTenant.set(tenant, own);
    else this.#ofTenant.delete(tenant);
    // A place that is handed on stays taken.
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken--;
  }
}
