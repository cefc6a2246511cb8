/** The part of a structured logger that rooms need; pino fits it. One line per event worth knowing. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export const silentLog: Log = { info() {}, warn() {}, error() {}, debug() {} };
