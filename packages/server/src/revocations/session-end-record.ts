import type { SessionEnd } from '../seams/revocation-store.js';

/** A session end as Redis keeps it: a name, and two numbers of which the larger wins. */
export interface SessionEndRecord {
  readonly name: string;
  /** When it may be forgotten, milliseconds since 1970. */
  readonly expiresAt: number;
  /** Tokens issued, or connections opened, before it. */
  readonly moment: number;
}

/** As long as a token may live. */
const REVOCATION_KEPT_MS = 31_622_400_000;
/** A node that was away for longer has lost its clients. */
const DISCONNECT_KEPT_MS = 86_400_000;
/** Whenever the token was issued. */
const ALWAYS = Number.MAX_SAFE_INTEGER;

export function recordOf(end: SessionEnd, now: number): SessionEndRecord {
  if (end.type === 'disconnect')
    return { name: `d${end.userId}`, expiresAt: end.at + DISCONNECT_KEPT_MS, moment: Math.ceil(end.at) };
  const { revocation } = end;
  const expiresAt = Math.ceil(revocation.expiresAt ?? now + REVOCATION_KEPT_MS);
  if ('tokenId' in revocation) return { name: `t${revocation.tokenId}`, expiresAt, moment: ALWAYS };
  return { name: `u${revocation.userId}`, expiresAt, moment: Math.ceil(revocation.issuedBefore ?? ALWAYS) };
}

/** null for what is none of ours. */
export function endOf(name: string, value: string): SessionEnd | null {
  const [, expiry, moment] = /^(\d+) (\d+)$/.exec(value) ?? [];
  if (expiry === undefined || moment === undefined) return null;
  const id = name.slice(1);
  const expiresAt = Number(expiry);
  switch (name[0]) {
    case 'd':
      return { type: 'disconnect', userId: id, at: Number(moment) };
    case 't':
      return { type: 'revoke', revocation: { tokenId: id, expiresAt } };
    case 'u': {
      const issuedBefore = Number(moment);
      const revocation = { userId: id, expiresAt, ...(issuedBefore === ALWAYS ? {} : { issuedBefore }) };
      return { type: 'revoke', revocation };
    }
    default:
      return null;
  }
}
