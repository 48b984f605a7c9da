import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import { peerAddressHeader } from "./peer-address.ts";

/**
 * Route handlers cannot see the socket, and `x-forwarded-for` may be invented by the visitor. So the address
 * that a request really came from is written down here, before Next reads the request, over whatever the
 * visitor sent under that name.
 */
export function recordPeerAddresses(): void {
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { request: IncomingMessage };
    request.headers[peerAddressHeader] = request.socket.remoteAddress ?? "unknown";
  });
  process.env.FAULTLINE_PEER_ADDRESS_KNOWN = "1";
}
