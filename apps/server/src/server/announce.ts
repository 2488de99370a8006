import type { TokenIssuer } from '@trunkline/server';

/** What a newcomer needs, on standard output. Development only: it holds tokens that do not end. */
export async function announce(options: {
  readonly url: string;
  readonly issuer: TokenIssuer;
  readonly hasPages: boolean;
  readonly hasDashboard: boolean;
}): Promise<string> {
  const user = await options.issuer.issueTestToken({ userId: 'test-user' });
  const admin = await options.issuer.issueTestToken({ userId: 'test-admin', roles: ['admin', 'service'] });
  const socket = `${options.url.replace(/^http/, 'ws')}/v1/connect`;
  const lines = [
    'Trunkline is ready (development).',
    `  Address: ${options.url}`,
    `  WebSocket: ${socket}`,
    ...(options.hasPages ? [`  Playground: ${options.url}/`] : []),
    ...(options.hasDashboard ? [`  Dashboard: ${options.url}/admin/ (sign in with the admin token)`] : []),
    `  Token: ${user.token}`,
    `  Admin token: ${admin.token}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The address that a browser on this machine can open. */
export function reachableUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
