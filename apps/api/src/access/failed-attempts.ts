import { isIPv6 } from "node:net";
import proxyAddress from "@fastify/proxy-addr";
import type { FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";

/** How many tokens that do not hold one address may try by default, and in what time (milliseconds). */
export const mostFailures = 60;
const period = 60_000;

/** Too many tokens that do not hold came from one address. REST and GraphQL: 429. */
export class TooManyAttemptsError extends Error {
  override readonly name = "TooManyAttemptsError";
  constructor(
    /** When to try again. */
    readonly seconds: number,
  ) {
    super(
      `Too many requests with tokens that do not hold came from your address. Try again in ${seconds} s, with a valid token.`,
    );
  }
}

/** Tokens that did not hold, counted by client address: within a minute from the first, of the last 10,000 addresses. */
export class FailedAttempts {
  readonly #failures = new LRUCache<string, { count: number }>({ max: 10_000, ttl: period });

  constructor(private readonly most = mostFailures) {}

  note(address: string): void {
    const known = this.#failures.get(address);
    if (known) known.count++;
    else this.#failures.set(address, { count: 1 });
  }

  /** @throws TooManyAttemptsError */
  check(address: string): void {
    const known = this.#failures.get(address);
    if (!known || known.count < this.most) return;
    throw new TooManyAttemptsError(Math.max(1, Math.ceil(this.#failures.getRemainingTTL(address) / 1000)));
  }
}

const behindLoopback = proxyAddress.compile("loopback");

/**
 * Where a request comes from: behind a proxy on this machine, what that says. Of IPv6 the first 64 bits, which are
 * one client's.
 */
export function clientAddress({ raw }: FastifyRequest): string {
  const address = proxyAddress(raw, behindLoopback).replace(/%.*/, "").slice(0, 64);
  if (!isIPv6(address)) return address;
  // As URLs write it, an address has its longest run of zeros left out.
  const [front] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  return front.split(":").slice(0, 4).join(":");
}
