import type { Accept, Connection } from '../../../main/core/ports.ts';
import { until } from './until.ts';

/** One connection and all that its reader was told. */
export interface Recorded {
  readonly connection: Connection;
  readonly frames: string[];
  readonly closes: { readonly code: number; readonly reason: string }[];
}

/** Takes every connection and writes down what it is told. */
export class Recorder {
  readonly lines: Recorded[] = [];
  readonly #greet: (connection: Connection) => void;
  readonly #answer: (connection: Connection, frame: string) => void;

  /** `greet` is called while a connection is being accepted, `answer` at each frame. */
  constructor(
    greet: (connection: Connection) => void = () => {},
    answer: (connection: Connection, frame: string) => void = () => {},
  ) {
    this.#greet = greet;
    this.#answer = answer;
  }

  readonly accept: Accept = (connection) => {
    const line: Recorded = { connection, frames: [], closes: [] };
    this.lines.push(line);
    this.#greet(connection);
    return {
      frame: (text) => {
        line.frames.push(text);
        this.#answer(connection, text);
      },
      closed: (code, reason) => {
        line.closes.push({ code, reason });
      },
    };
  };

  async line(index = 0): Promise<Recorded> {
    await until(`connection ${index}`, () => this.lines.length > index);
    return this.lines[index] as Recorded;
  }
}

export const framesOf = async (line: Recorded, count: number): Promise<readonly string[]> => {
  await until(`${count} frames, ${line.frames.length} came`, () => line.frames.length >= count);
  return line.frames;
};

export const closeOf = async (line: Recorded): Promise<Recorded['closes'][number]> => {
  await until('the end of the connection', () => line.closes.length > 0);
  return line.closes[0] as Recorded['closes'][number];
};
