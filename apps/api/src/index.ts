export { isLocal } from "./access/local-user.ts";
export { accessOf, sessionCookie } from "./access/request-access.ts";
export { newSecret } from "./access/token-secret.ts";
export { schema, schemaText } from "./schema.ts";
export { type Api, type ApiOptions, startApi } from "./server.ts";
