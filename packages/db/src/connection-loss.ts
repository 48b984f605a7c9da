/** Of PostgreSQL (the server goes down, comes up, or has no connection left), of sockets, and of Prisma. */
const codes = new Set([
  ...["57P01", "57P02", "57P03", "57P05", "53300", "08000", "08001", "08003", "08004", "08006"],
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"],
  ...["P1001", "P1002", "P1017", "P2024", "P2037"],
]);

/** Errors of node-postgres that have no code. */
const messages = [
  "Connection terminated",
  "connection error and is not queryable",
  "timeout exceeded when trying to connect",
  "Query read timeout",
  "timeout expired",
];

/**
 * Whether a query failed because its connection broke or none was to be had: then it says nothing about the work, which
 * may be tried again. Looks into the errors that Prisma wraps.
 */
export function isConnectionLoss(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  // The artifact store's own client also fails by sockets; its errors carry this.
  if ("$metadata" in error) return false;
  const { code, originalCode, message, cause, meta } = error as {
    code?: unknown;
    originalCode?: unknown;
    message?: unknown;
    cause?: unknown;
    meta?: { driverAdapterError?: unknown };
  };
  if (codes.has(String(code)) || codes.has(String(originalCode))) return true;
  if (typeof message === "string" && messages.some((text) => message.includes(text))) return true;
  return isConnectionLoss(cause) || isConnectionLoss(meta?.driverAdapterError);
}
