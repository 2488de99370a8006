import { TrunklineError } from '@trunkline/protocol';

const FORBIDDEN = 'Redis forbids a command to our user (ACL)';

/** What went wrong between us and Redis, in words an operator can act on. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|invalid password|invalid username/i, 'Redis refuses the password'],
  [/^NOAUTH/, 'Redis needs a password'],
  // In a script by Redis 7.0 and before; by 7.2, 8 and Valkey.
  [
    /^NOPERM.* key|executing the script can't access|^ERR ACL failure.* key/,
    'Redis forbids our keys to our user (ACL): it needs ~ with REDIS_PREFIX',
  ],
  [/^NOPERM|user executing the script can't|^ERR ACL failure/, FORBIDDEN],
  [/DB index is out of range|SELECT is not allowed/, 'Redis has no database of the number in its URL'],
  [/^READONLY/, 'Redis is read-only: it is a replica'],
  [/^OOM/, 'Redis is full (maxmemory)'],
  [/^LOADING/, 'Redis is still loading its data'],
  [/^MASTERDOWN/, 'Redis is a replica that lost its master'],
  [/^MISCONF/, 'Redis can not write to its disk'],
  [/^NOREPLICAS/, 'Redis has too few replicas to accept writes'],
  [/^BUSY/, 'Redis is busy with a script'],
  [/^TRUNKLINE_TYPE|^WRONGTYPE/, 'a key of ours has the wrong type: remove it'],
  [/^TRUNKLINE_OLD/, 'Redis is too old: 6.2 or newer is needed'],
  [
    /certificate|self.signed|SSL routines|wrong version number/i,
    'Redis and this node do not agree on TLS (NODE_EXTRA_CA_CERTS names a private authority)',
  ],
  [/All sentinels are unreachable/i, 'no sentinel can be reached or knows a master'],
  [
    /ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|EAI_AGAIN|connect timeout/i,
    'Redis can not be reached',
  ],
];

/** Redis 6.2 puts the place in the script before a refusal that the script returned. */
const PLACE_IN_SCRIPT = /^@user_script: \d+: -?/;

/** One short sentence; never a value, a key or a password. */
export function describeFailure(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(PLACE_IN_SCRIPT, '');
  const found = CAUSES.find(([pattern]) => pattern.test(message));
  if (found?.[1] === FORBIDDEN) return describeForbiddenCommand(message) ?? FORBIDDEN;
  if (found !== undefined) return found[1];
  return isReplyError(error) ? `Redis answered ${message.split(' ', 1)[0]}` : 'the connection to Redis was lost';
}

/** The rule that is missing; null where Redis names no command: 7.0 and before do not in a script. */
export function describeForbiddenCommand(message: string): string | null {
  const [, command] = /run the '([^' ]+)/.exec(message) ?? [];
  return command === undefined ? null : `${FORBIDDEN}: it needs +${command.toLowerCase()}`;
}

/** Redis itself answered with an error: the command certainly did nothing (our scripts fail before they write; but see below). */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** What a script raised, by Redis 7 and by 6.2: unlike a refusal that it returned, it may come after the first write. */
const RAISED = /script: [0-9a-f]{40}, on |Error running script/;

/** An error of the append script behind which the log may have the event: from before, or because an ACL stopped it halfway. */
export function isPerhapsHeld(error: unknown): boolean {
  return isReplyError(error) && (error.message.endsWith(' TRUNKLINE_HELD') || RAISED.test(error.message));
}

/** A key is not what it should be: of `error`, or of what it was made of. */
export function isWrongType(error: unknown): boolean {
  const cause = error instanceof TrunklineError ? error.cause : error;
  return isReplyError(cause) && /^TRUNKLINE_TYPE|WRONGTYPE/.test(cause.message);
}

/** ioredis refused before writing a byte: the command was certainly not sent. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && /^(Stream isn't writeable|Connection is closed)/.test(error.message);
}

/** @param cause what Redis or its client threw, or the reason in words */
export function unavailable(cause: unknown): TrunklineError {
  if (cause instanceof TrunklineError) return cause;
  const reason = typeof cause === 'string' ? cause : describeFailure(cause);
  return new TrunklineError('unavailable', `${reason}.`, { cause });
}
