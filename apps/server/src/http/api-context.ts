import type { Accounts, Hub, Principal, Tickets } from '@trunkline/server';
import type { NodeRow } from '../admin/node-board.js';
import type { Readiness } from '../server/readiness.js';
import type { Guard } from './bearer.js';

/** What the routes work with. */
export interface ApiContext {
  readonly hub: Hub;
  readonly guard: Guard;
  /** Absent: there are no login endpoints (keys of others only). */
  readonly accounts?: Accounts;
  readonly tickets: Tickets;
  /** Absent: there is no dashboard. */
  readonly admin?: AdminContext;
  /** The text that Prometheus reads. */
  readonly metrics: () => Promise<string>;
  readonly readiness: () => Readiness;
  readonly production: boolean;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly maxMessageBytes: number;
  /** The playground's built files; absent: there is no page. */
  readonly pagesDirectory?: string;
}

/** What the dashboard shows beyond what the hub can tell. */
export interface AdminContext {
  readonly rows: () => Promise<readonly NodeRow[]>;
  /** The dashboard's built files; absent: there is no page. */
  readonly directory?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set by the guard of the route. */
    principal: Principal | null;
  }
}
