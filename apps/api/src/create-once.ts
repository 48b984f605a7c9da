import { createHash } from "node:crypto";
import type { Prisma } from "@faultline/db";
import { encodeGlobalID } from "@pothos/plugin-relay";
import type { Context } from "./context.ts";
import { ConflictError, NotFoundError } from "./errors.ts";

export type Transaction = Prisma.TransactionClient;

export interface Creation<P> {
  /** Null: the creation of a project itself. */
  projectId: string | null;
  /** Name of the mutation. */
  operation: string;
  /** Type of the node that is created. */
  nodeType: string;
  /** The mutation's whole input. With an `idempotencyKey`, the same input creates its node once. */
  input: { idempotencyKey?: string | null };
  /** Everything slow (reading artifacts, probing models): done before the transaction, skipped on a repeat. */
  prepare?: () => Promise<P>;
  /** Writes the rows. */
  create: (transaction: Transaction, prepared: P) => Promise<{ id: string }>;
  /** The unique name that the node takes, where it takes one. */
  unique?: UniqueName;
}

/** Where a unique name stands in the input, and who has it already. */
interface UniqueName {
  field: string;
  message: string;
  find: () => Promise<{ id: string } | null>;
}

/**
 * Creates a node in one transaction, at most once an idempotency key.
 *
 * The key's row is written first: a second request with the same key waits for the first one's commit and then
 * gets its node; when the first fails, its key is free again.
 *
 * @returns the node's database id
 * @throws ConflictError when the key came with another request, or when the name is taken
 */
export async function createOnce<P>(context: Context, creation: Creation<P>): Promise<string> {
  const { nodeType, create, prepare, unique } = creation;
  const key = keyOf(creation);
  const recalled = key && (await recall(context.prisma, key));
  if (recalled) return recalled;
  const taken = await unique?.find();
  if (unique && taken) {
    // The same request may have taken the name since the key was looked for; its commit shows both.
    const repeated = key && (await recall(context.prisma, key));
    if (repeated) return repeated;
    throw conflict(nodeType, unique, taken);
  }
  const prepared = (await prepare?.()) as P;
  const work = async (transaction: Transaction): Promise<string> => {
    if (key) {
      const { count } = await transaction.idempotencyKey.createMany({
        data: { ...key.id, ...key.request, nodeType, nodeId: "" },
        skipDuplicates: true,
      });
      const recalled = count === 0 && (await recall(transaction, key));
      if (recalled) return recalled;
    }
    const { id } = await create(transaction, prepared);
    if (key)
      await transaction.idempotencyKey.update({ where: { projectId_key: key.id }, data: { nodeId: id } });
    return id;
  };
  try {
    return await context.prisma.$transaction(work, transactionTimes);
  } catch (error) {
    if (isGone(error)) throw new NotFoundError("input", "Something that it refers to was deleted meanwhile.");
    if (!unique || !isUniqueViolation(error)) throw error;
    throw conflict(nodeType, unique, await unique.find());
  }
}

function conflict(
  nodeType: string,
  { field, message }: UniqueName,
  existing: { id: string } | null,
): ConflictError {
  return new ConflictError(field, message, existing && encodeGlobalID(nodeType, existing.id));
}

/** Milliseconds: requests with one key queue behind each other, which Prisma's defaults are too short for. */
const transactionTimes = { maxWait: 15_000, timeout: 30_000 };

const noProject = "00000000-0000-0000-0000-000000000000";

interface Key {
  id: { projectId: string; key: string };
  request: { operation: string; requestHash: Uint8Array<ArrayBuffer> };
}

function keyOf({
  projectId,
  operation,
  input,
}: Pick<Creation<unknown>, "projectId" | "operation" | "input">): Key | null {
  const { idempotencyKey, ...request } = input;
  if (idempotencyKey == null) return null;
  if (idempotencyKey === "" || idempotencyKey.length > 200)
    throw new ConflictError("input.idempotencyKey", "An idempotency key has 1 to 200 characters.");
  return {
    id: { projectId: projectId ?? noProject, key: idempotencyKey },
    request: { operation, requestHash: hashOf(request) },
  };
}

/** The node that the key made earlier; null when it made none. @throws ConflictError for another request */
async function recall(
  prisma: Pick<Transaction, "idempotencyKey">,
  { id, request }: Key,
): Promise<string | null> {
  const earlier = await prisma.idempotencyKey.findUnique({ where: { projectId_key: id } });
  if (!earlier) return null;
  const same =
    earlier.operation === request.operation && Buffer.compare(earlier.requestHash, request.requestHash) === 0;
  if (same) return earlier.nodeId;
  throw new ConflictError(
    "input.idempotencyKey",
    `This idempotency key was used for another request (${earlier.operation}). Use a new key for a new request.`,
  );
}

function hashOf(request: object): Uint8Array<ArrayBuffer> {
  const sorted = JSON.stringify(request, (_name, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Date)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return Uint8Array.from(createHash("sha256").update(sorted).digest());
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "P2002";
}

/** A row that had been found is gone, or its foreign key leads nowhere. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "P2003" || error.code === "P2025");
}
