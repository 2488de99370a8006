// Loaded by `node --import` before a program that a document shows: leads the document's address to the port that is served.
import net from 'node:net';

const [host, port] = (process.env.DOCUMENTED_ADDRESS ?? '').split(':');
const connect = net.connect;
net.connect = (options, ...rest) =>
  options.host === host && String(options.port) === port
    ? connect({ ...options, host: '127.0.0.1', port: Number(process.env.SERVED_PORT) }, ...rest)
    : connect(options, ...rest);
