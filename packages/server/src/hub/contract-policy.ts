import { type AccessRule, parseRoomName } from '@trunkline/protocol';
import { verifyKind } from '@trunkline/protocol/contract';
import type { Principal } from '../seams/authenticator.js';
import type { Directory } from '../seams/directory.js';
import type { Grant, RoomPolicy } from '../seams/room-policy.js';
import type { EventRules, KindRules } from './event-rules.js';

const RELATION = 'relation:';
/** Grants that are kept so that members share them; there are few different ones in any application. */
const SHARED_GRANTS = 10_000;

/** Whether the user has this relation to the room. May throw what the directory answered. */
type Relations = (relation: string) => boolean;

/**
 * The contract's rules over token and relations (DESIGN, "Server"): role `admin` passes, `service` publishes but probes, claim
 * `rooms` grants join, history and ephemeral events. Each relation is looked up once an evaluation, and only where the
 * token alone does not decide.
 */
export function createContractPolicy(rules: EventRules, directory: Directory): RoomPolicy {
  const shared = new Map<string, Grant>();

  /** One object for all who may do the same: a grant of its own would be a twentieth of a connection's memory. */
  function share(kind: KindRules, grant: Grant): Grant {
    const { join, history, presence, relational, publish, publishAsMember } = grant;
    const flags = [join, history, presence, relational].map(Number).join('');
    const key = [kind.kind, flags, publish.size, ...publish, ...publishAsMember].join('\n');
    const known = shared.get(key);
    if (known !== undefined) return known;
    if (shared.size < SHARED_GRANTS) shared.set(key, grant);
    return grant;
  }

  async function lookUp(asked: Iterable<string>, object: string, user: string): Promise<Relations> {
    const names = [...asked];
    const answers = await Promise.allSettled(names.map((relation) => directory.check({ object, relation, user })));
    const byName = new Map(names.map((name, index) => [name, answers[index]]));
    return (relation) => {
      const answer = byName.get(relation);
      if (answer?.status === 'rejected') throw answer.reason;
      return answer?.value ?? false;
    };
  }

  return {
    async evaluate(principal, room) {
      const kind = rules.kindOf(room);
      const asked = new Set<string>();
      const byToken = decide(kind, principal, room, (relation) => {
        asked.add(relation);
        return false;
      });
      if (asked.size === 0) return share(kind, byToken);
      return share(kind, decide(kind, principal, room, await lookUp(asked, room, principal.userId)));
    },
  };
}

function decide(kind: KindRules, principal: Principal, room: string, relations: Relations): Grant {
  const { definition } = kind;
  if (principal.roles.includes('admin')) {
    const events = new Set(kind.events.keys());
    const history = definition.history !== false;
    const presence = definition.presence !== false;
    return { join: true, history, presence, publish: events, publishAsMember: events, relational: false };
  }
  const id = parseRoomName(room)?.id ?? '';
  let relational = false;
  const holds = (rule: AccessRule): boolean => {
    if (!rule.startsWith(RELATION)) return holdsByToken(rule, principal, id);
    if (principal.anonymous || !relations(rule.slice(RELATION.length))) return false;
    relational = true;
    return true;
  };
  // What the token alone decides comes first, so that a directory that is away refuses only what needs it.
  const any = (list: readonly AccessRule[]): boolean =>
    list.some((rule) => !rule.startsWith(RELATION) && holds(rule)) ||
    list.some((rule) => rule.startsWith(RELATION) && holds(rule));
  const byClaim = principal.rooms.includes(room);
  const join = byClaim || any(definition.join);
  const history =
    definition.history === false ? false : byClaim || (definition.history ? any(definition.history) : join);
  const presence = definition.presence === false ? false : definition.presence ? any(definition.presence) : join;
  const isService = principal.roles.includes('service') && kind.definition !== verifyKind;
  const publish = new Set<string>();
  const publishAsMember = new Set<string>();
  for (const [name, event] of kind.events) {
    const granted = isService || (byClaim && !event.durable) || any(event.publish);
    if (granted) publish.add(name);
    if (granted || event.publish.includes('member')) publishAsMember.add(name);
  }
  return { join, history, presence, publish, publishAsMember, relational };
}

function holdsByToken(rule: AccessRule, principal: Principal, id: string): boolean {
  if (rule === 'anonymous') return true;
  if (principal.anonymous) return false;
  if (rule === 'user') return true;
  if (rule === 'self') return principal.userId === id;
  if (rule.startsWith('role:')) return principal.roles.includes(rule.slice('role:'.length));
  if (rule.startsWith('claim:')) {
    const claim = rule.slice('claim:'.length);
    const value =
      claim === 'company_id'
        ? principal.companyId
        : Object.hasOwn(principal.claims, claim)
          ? principal.claims[claim]
          : undefined;
    const slash = id.indexOf('/');
    return typeof value === 'string' && value.length > 0 && value === (slash < 0 ? id : id.slice(0, slash));
  }
  return false;
}
