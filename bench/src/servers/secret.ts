/** Known to the load generator, so that it can make tokens; servers under test live for seconds, on 127.0.0.1. */
export const JWT_SECRET = 'the-benchmark-signs-with-this-and-nothing-else';
