import { type CloseCode, closeCodeRule, type TrunklineError } from '@trunkline/protocol';

/** The hub's close codes in the few that old formats document: 1008 for the peer's fault, 1001 come back, 1011 come back later. */
export function plainCloseCode(code: CloseCode): CloseCode {
  if (code < 1012) return code;
  const { newToken, reconnect } = closeCodeRule(code);
  if (newToken || reconnect === 'never') return 1008;
  return reconnect === 'at-once' ? 1001 : 1011;
}

/** Completes the upgrade and closes: 1008 as documented, 1011 where another try may do. A browser sees no HTTP status. */
export function closeRefused({ code, retryable }: TrunklineError): {
  readonly code: CloseCode;
  readonly reason: string;
} {
  return { code: retryable ? 1011 : 1008, reason: code };
}
