/** Why not every value of one schema is as another one says. */
export interface Mismatch {
  /** The field: `.text`, `.list[]`, `.record.*`; empty for the whole. */
  readonly path: string;
  /** `missing`: it may be absent. `type`: it may be something else. `bound`: it may be beyond one. `keys`: there may be more of them. */
  readonly kind: 'missing' | 'type' | 'bound' | 'keys';
  /** What may come, in words. */
  readonly got: string;
  /** What is expected, in words. */
  readonly expected: string;
}
