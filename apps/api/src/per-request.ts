import type { Context } from "./context.ts";

/**
 * Makes a value once for every request, when it is first asked for: a loader, say. It lives in the request's own
 * context and dies with it. (Values in a WeakMap by context, as Pothos' createContextCache keeps them, that lead back
 * to their context outlive it until the next full garbage collection.)
 */
export function perRequest<Value>(make: (context: Context) => Value): (context: Context) => Value {
  const key = Symbol("perRequest");
  return (context) => {
    const { values } = context;
    if (!values.has(key)) values.set(key, make(context));
    return values.get(key) as Value;
  };
}
