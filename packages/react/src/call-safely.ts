/** Runs code of the application: what it throws is reported like an uncaught error, and harms nobody else who is told. */
export function callSafely(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
