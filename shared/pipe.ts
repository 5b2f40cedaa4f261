/** The least that carries the dashboard's calls: a WebSocket, a MessagePort and a pair in a test all fit. */
export interface Pipe {
  /** Ignored once closed. */
  send(message: unknown): void;
  /** One reader, set once, before anything can arrive. */
  onMessage(read: (message: unknown) => void): void;
  onClose(told: () => void): void;
  close(): void;
}
