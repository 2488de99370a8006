/** A refusal of the server in its own words. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A node's own account of itself. */
export interface NodeRow {
  readonly nodeId: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly at: number;
  readonly readiness: { readonly ready: boolean; readonly status: string; readonly reason?: string };
  readonly figures: Figures;
}
/** Counters only rise; buckets are cumulative, by upper bound in seconds. */
export interface Figures {
  readonly connections: number;
  readonly publishes: number;
  readonly deliveries: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly resumes: number;
  readonly gaps: number;
  readonly drops: number;
  readonly refusals: number;
  readonly ackBuckets: Buckets;
  readonly deliveryBuckets: Buckets;
  readonly canaryAgeSeconds: number;
  readonly eventLoopP99Ms: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}
export type Buckets = readonly (readonly [le: number, count: number])[];
export interface Overview {
  readonly userId: string;
  /** null: Redis is away. */
  readonly connections: number | null;
  readonly nodes: readonly NodeRow[];
}
export interface Connection {
  readonly connectionId: string;
  readonly nodeId: string;
  readonly userId: string;
  readonly dialect: string;
  readonly connectedAt: number;
  readonly rooms: readonly string[];
}
export interface RoomRow {
  readonly room: string;
  readonly connections: number;
}
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export const getOverview = (): Promise<Overview> => request('GET', 'api/overview');
export const getConnections = (query: string): Promise<Page<Connection>> => request('GET', `api/connections?${query}`);
export const getRooms = (query: string): Promise<Page<RoomRow>> => request('GET', `api/rooms?${query}`);
export const signIn = (login: object): Promise<void> => request('POST', 'login', login);
export const signOut = (): Promise<void> => request('POST', 'logout');
export const broadcast = (type: string, data: unknown): Promise<void> =>
  request('POST', 'api/broadcast', { type, data });
/** `recorded` false: other nodes hear of it when Redis is back. */
export const disconnect = (userId: string): Promise<{ readonly recorded: boolean }> =>
  request('POST', `api/users/${encodeURIComponent(userId)}/disconnect`);
/** Opens one socket, within 30 s; the page never sees a token. */
export async function getTicket(): Promise<string> {
  return (await request<{ readonly ticket: string }>('POST', 'api/tickets')).ticket;
}

/** @throws {Refusal} */
async function request<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const answer = await fetch(`/admin/${path}`, {
    method,
    headers: { 'x-trunkline-admin': '1', ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(10_000),
  }).catch(() => {
    throw new Refusal(0, 'The server does not answer.');
  });
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const problem: { readonly detail?: string } = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem.detail ?? `The server answered ${answer.status}.`);
}
