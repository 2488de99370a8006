/** The WebSocket subprotocol of the canonical wire. */
export const SUBPROTOCOL = 'trunkline.v1';

/** Prefix of a subprotocol that carries a token; offered beside {@link SUBPROTOCOL} and never echoed. */
export const BEARER_SUBPROTOCOL_PREFIX = 'trunkline.bearer.';
