/** Carries the address of the socket from `instrumentation.ts` to the proxy; never believed from outside. */
export const peerAddressHeader = "x-faultline-peer-address";
