export { clientFrame, type HandshakeOptions, handshake, RawSocket } from '@trunkline/testkit';
