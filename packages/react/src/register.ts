import type { Client, Room } from '@trunkline/client';
import type { Contract, RoomKind } from '@trunkline/protocol';

/**
 * Names your contract once, and every hook is typed by it:
 *
 * ```ts
 * declare module '@trunkline/react' {
 *   interface Register { contract: typeof contract }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it
export interface Register {}

/** The registered contract; without one, any event with any data. */
export type AppContract = Register extends { readonly contract: infer C extends Contract } ? C : Contract;
export type AppClient = Client<AppContract>;
export type AppKind = RoomKind<AppContract>;
export type AppRoom<K extends AppKind> = Room<AppContract, K>;
export type RoomOf<K extends AppKind> = `${K}:${string}`;
