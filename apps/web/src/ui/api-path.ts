/** Where the browser finds a path of the API, through the dashboard's own origin. */
export function apiPath(path: string): string {
  return `/api${path}`;
}
