import { type AccessRule, parseRoomName } from '@trunkline/protocol';
import type { Principal } from '../seams/authenticator.js';
import type { Directory } from '../seams/directory.js';
import type { Grant, RoomPolicy } from '../seams/room-policy.js';
import type { EventRules, KindRules } from './event-rules.js';

const NOBODY: readonly AccessRule[] = [];

/**
 * The contract's rules over token and relations (DESIGN, "Server"): role `admin` passes, `service` publishes, claim
 * `rooms` grants join, history and ephemeral events. Each relation is looked up once an evaluation.
 */
export function createContractPolicy(rules: EventRules, directory: Directory): RoomPolicy {
  return {
    async evaluate(principal, room) {
      const kind = rules.kindOf(room);
      const id = parseRoomName(room)?.id ?? '';
      const asked = new Map<string, Promise<boolean>>();
      let relational = false;
      const holds = async (rule: AccessRule): Promise<boolean> => {
        if (!rule.startsWith('relation:')) return holdsByToken(rule, principal, id);
        if (principal.anonymous) return false;
        const relation = rule.slice('relation:'.length);
        let answer = asked.get(relation);
        if (answer === undefined) {
          answer = directory.check({ object: room, relation, user: principal.userId });
          asked.set(relation, answer);
        }
        const held = await answer;
        relational ||= held;
        return held;
      };
      const any = async (list: readonly AccessRule[]): Promise<boolean> => {
        // What the token alone decides comes first, so that a directory that is away refuses only what needs it.
        for (const rule of list) if (!rule.startsWith('relation:') && (await holds(rule))) return true;
        for (const rule of list) if (rule.startsWith('relation:') && (await holds(rule))) return true;
        return false;
      };
      if (principal.roles.includes('admin')) return everything(kind);
      const { definition } = kind;
      const byClaim = principal.rooms.includes(room);
      const join = byClaim || (await any(definition.join));
      const history =
        definition.history === false ? false : byClaim || (definition.history ? await any(definition.history) : join);
      const presence =
        definition.presence === false ? false : definition.presence ? await any(definition.presence) : join;
      const publish = new Set<string>();
      const publishAsMember = new Set<string>();
      for (const [name, event] of kind.events) {
        const granted =
          principal.roles.includes('service') || (byClaim && !event.durable) || (await any(event.publish));
        if (granted) publish.add(name);
        if (granted || event.publish.includes('member')) publishAsMember.add(name);
      }
      return { join, history, presence, publish, publishAsMember, relational } satisfies Grant;
    },
  };
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

function everything(kind: KindRules): Grant {
  const events = new Set(kind.events.keys());
  const { definition } = kind;
  return {
    join: true,
    history: (definition.history ?? NOBODY) !== false,
    presence: (definition.presence ?? NOBODY) !== false,
    publish: events,
    publishAsMember: events,
    relational: false,
  };
}
