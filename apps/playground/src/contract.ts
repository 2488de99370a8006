import { builtInContract, contractJsonSchema } from '@trunkline/protocol/contract';

/** What the forms are made of. The build puts the server's contract here, as JSON (vite.config.ts): no Zod in the page. */
export const contract = contractJsonSchema(builtInContract);
