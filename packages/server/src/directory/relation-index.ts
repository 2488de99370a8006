import type { Relation } from '../seams/directory.js';

/** Relations in memory, found from either side. */
export interface RelationIndex {
  readonly size: number;
  has(relation: Relation): boolean;
  /** @returns false when it was there already */
  add(relation: Relation): boolean;
  /** @returns false when it was not there */
  delete(relation: Relation): boolean;
  objectsOf(user: string, relation: string, kind: string): string[];
  relationsOf(object: string, limit: number): Relation[];
  all(): Iterable<Relation>;
}

type Sides = Map<string, Map<string, Set<string>>>;

export function createRelationIndex(): RelationIndex {
  const byObject: Sides = new Map();
  const byUser: Sides = new Map();
  let size = 0;

  function* all(): Iterable<Relation> {
    for (const [object, relations] of byObject) {
      for (const [relation, users] of relations) for (const user of users) yield { object, relation, user };
    }
  }

  return {
    get size() {
      return size;
    },
    has: ({ object, relation, user }) => byObject.get(object)?.get(relation)?.has(user) ?? false,
    add({ object, relation, user }) {
      if (!put(byObject, [object, relation, user])) return false;
      put(byUser, [user, relation, object]);
      size += 1;
      return true;
    },
    delete({ object, relation, user }) {
      if (!take(byObject, [object, relation, user])) return false;
      take(byUser, [user, relation, object]);
      size -= 1;
      return true;
    },
    objectsOf: (user, relation, kind) =>
      [...(byUser.get(user)?.get(relation) ?? [])].filter((object) => object.startsWith(`${kind}:`)),
    relationsOf(object, limit) {
      const found: Relation[] = [];
      for (const [relation, users] of byObject.get(object) ?? []) {
        for (const user of users) {
          if (found.length >= limit) return found;
          found.push({ object, relation, user });
        }
      }
      return found;
    },
    all,
  };
}

function put(sides: Sides, [outer, inner, leaf]: readonly [string, string, string]): boolean {
  const middle = sides.get(outer) ?? new Map<string, Set<string>>();
  const leaves = middle.get(inner) ?? new Set<string>();
  if (leaves.has(leaf)) return false;
  sides.set(outer, middle.set(inner, leaves.add(leaf)));
  return true;
}

function take(sides: Sides, [outer, inner, leaf]: readonly [string, string, string]): boolean {
  const middle = sides.get(outer);
  const leaves = middle?.get(inner);
  if (middle === undefined || leaves === undefined || !leaves.delete(leaf)) return false;
  if (leaves.size === 0) middle.delete(inner);
  if (middle.size === 0) sides.delete(outer);
  return true;
}
