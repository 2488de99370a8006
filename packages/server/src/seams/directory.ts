/** A fact `object#relation@user`, such as `booking:42 owner u1`. `object` is a room name. */
export interface Relation {
  readonly object: string;
  readonly relation: string;
  readonly user: string;
}
export interface RelationChange extends Relation {
  readonly present: boolean;
}

/**
 * Where relations are kept. The object side is the truth. Implementations run `directoryConformance`.
 */
export interface Directory {
  start(): Promise<void>;
  /** @throws {TrunklineError} `unavailable` when it can not know (fail closed) */
  check(relation: Relation): Promise<boolean>;
  /** The objects of one kind on which a user has a relation. @throws as `check` */
  objectsOf(user: string, relation: string, kind: string): Promise<readonly string[]>;
  /** Every relation of an object, bounded by the store. @throws as `check` */
  relationsOf(object: string): Promise<readonly Relation[]>;
  /** Adds or removes one fact; idempotent; `onChange` listeners of every node hear it. @returns false when nothing changed */
  change(change: RelationChange): Promise<boolean>;
  /** Called for every change on any node, once heard; null: something may have changed, check everything. */
  onChange(listener: (change: RelationChange | null) => void): () => void;
  /** Milliseconds since changes of other nodes were certainly heard; 0 while healthy. */
  deafForMs(): number;
  close(): Promise<void>;
}
