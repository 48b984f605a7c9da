import { forwardToApi } from "../../../api-proxy.ts";

export const dynamic = "force-dynamic";

type Context = { params: Promise<{ path: string[] }> };

const handle = async (request: Request, _context: Context): Promise<Response> => forwardToApi(request);

export {
  handle as DELETE,
  handle as GET,
  handle as HEAD,
  handle as OPTIONS,
  handle as PATCH,
  handle as POST,
  handle as PUT,
};
