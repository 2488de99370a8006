/**
 * The contract: an application's rooms, events, actions and calls, written once with Zod and typed everywhere.
 *
 *     export const contract = defineContract({
 *       rooms: { chat: { join: ['user'], events: { message: durable(z.looseObject({ text: z.string() })) } } },
 *     });
 *     export type AppContract = typeof contract;
 *
 * Schemas have no transforms, coercion or defaults (what is published is what is delivered) and should be `z.looseObject`, so that
 * unknown keys are kept for newer peers.
 */

export { type BuiltInContract, builtInContract } from './built-in-contract.js';
export { type BreakingChange, findBreakingChanges } from './compatibility/breaking-changes.js';
export { type ContractJsonSchema, contractJsonSchema } from './contract-json-schema.js';
export {
  type ContractInput,
  defineContract,
  durable,
  type EphemeralOptions,
  ephemeral,
  verifyKind,
} from './define-contract.js';
