/** An answer of the server that says no: RFC 9457. `title` and `detail` are in the language of the request. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** Further members, such as `position` of an unreadable query. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: unknown, retryAfter?: number) {
    const members = isRecord(body) ? body : {};
    const title = text(members["title"]) ?? `HTTP ${status}`;
    super(title);
    this.name = "Problem";
    this.status = status;
    this.type = text(members["type"]) ?? "about:blank";
    this.title = title;
    this.detail = text(members["detail"]);
    this.members = members;
    this.retryAfter = retryAfter;
  }

  /** A number among the further members. */
  number(name: string): number | undefined {
    const value = this.members[name];
    return typeof value === "number" ? value : undefined;
  }
}

/** No answer at all: no network, or the server is not running. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("no answer", { cause });
    this.name = "Unreachable";
  }
}

export function isProblem(error: unknown, status?: number): error is Problem {
  return error instanceof Problem && (status === undefined || error.status === status);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `Retry-After` in seconds, whether it is a number or a date. */
export function retryAfterSeconds(header: string | null, now: number): number | undefined {
  if (header === null || header === "") {
    return undefined;
  }
  const seconds = Number(header);
  if (Number.isFinite(seconds)) {
    return Math.max(0, seconds);
  }
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
