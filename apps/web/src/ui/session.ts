/** Signs in with an API token. @throws Error in the words of the API, or why it was not reached */
export async function signIn(token: string): Promise<void> {
  const answer = await fetch("/api/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  }).catch((cause: unknown) => {
    throw new Error("The dashboard cannot be reached. Is it running, and are you online?", { cause });
  });
  if (!answer.ok) throw new Error(await refusal(answer));
}

/** Forgets the token on this browser. @throws as {@link signIn} */
export async function signOut(): Promise<void> {
  const answer = await fetch("/api/session", { method: "DELETE" });
  if (!answer.ok) throw new Error(await refusal(answer));
}

async function refusal(answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => null);
  if (body && typeof body === "object" && "errors" in body && Array.isArray(body.errors)) {
    const messages = body.errors.map((error: { message?: unknown }) => String(error.message ?? ""));
    if (messages.length > 0) return messages.join(" ");
  }
  return `The API answered ${answer.status} ${answer.statusText}.`;
}
