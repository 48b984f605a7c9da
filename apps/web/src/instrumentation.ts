import { peerAddressHeader } from "./peer-address.ts";

/**
 * Route handlers cannot see the socket, and `x-forwarded-for` may be invented by the visitor. So the address
 * that a request really came from is written down here, before Next reads the request, over whatever the
 * visitor sent under that name.
 */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { subscribe } = await import("node:diagnostics_channel");
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: import("node:http").IncomingMessage };
    request.headers[peerAddressHeader] = request.socket.remoteAddress ?? "unknown";
  });
  process.env.FAULTLINE_PEER_ADDRESS_KNOWN = "1";
}
