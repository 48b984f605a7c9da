/**
 * Where to go after signing in: the wanted path of this dashboard, or its start.
 *
 * Only an own path counts: `//other.example` and `/\other.example` are addresses of other sites to a browser, and
 * `/.//other.example` becomes one as its dots are resolved.
 */
export function returnPath(wanted: string | null): string {
  const own = "http://dashboard.invalid";
  if (!wanted?.startsWith("/") || !URL.canParse(wanted, own)) return "/";
  const url = new URL(wanted, own);
  if (url.origin !== own || url.pathname.startsWith("//")) return "/";
  return url.pathname + url.search + url.hash;
}
