import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Signs and checks session ids, so that a client can keep its name across reconnects and nobody can take another's. */
export interface SessionIds {
  /** The session named by a token of an earlier welcome, or null when it is not this user's. */
  verify(session: string, userId: string): string | null;
  create(): string;
  sign(sessionId: string, userId: string): string;
}

const ID_BYTES = 16;
const ID_LENGTH = 22;

export function createSessionIds(secret: string): SessionIds {
  const mac = (sessionId: string, userId: string) =>
    createHmac('sha256', secret)
      .update(`trunkline.session\n${sessionId}\n${userId}`)
      .digest('base64url')
      .slice(0, ID_LENGTH);
  return {
    create: () => randomBytes(ID_BYTES).toString('base64url'),
    sign: (sessionId, userId) => `${sessionId}.${mac(sessionId, userId)}`,
    verify(session, userId) {
      const sessionId = session.slice(0, ID_LENGTH);
      const given = Buffer.from(session.slice(ID_LENGTH + 1));
      const expected = Buffer.from(mac(sessionId, userId));
      return session[ID_LENGTH] === '.' && given.length === expected.length && timingSafeEqual(given, expected)
        ? sessionId
        : null;
    },
  };
}
