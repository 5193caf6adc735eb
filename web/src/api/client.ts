import createClient from "openapi-fetch";
import { currentLanguage } from "../lang/language";
import { Problem, retryAfterSeconds, Unreachable } from "./problem";
import { answered, unanswered } from "./reach";
import type { paths } from "./schema";

/** The typed client. Every call goes through {@link take}, which throws what is no success. */
export const api = createClient<paths>({ baseUrl: "/", fetch: fetchAnswer });

api.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", currentLanguage());
    return request;
  },
});

async function fetchAnswer(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (cause) {
    if (request.signal.aborted) {
      throw cause;
    }
    unanswered();
    throw new Unreachable(cause);
  }
  if (response.status === 502 || response.status === 504) {
    unanswered();
  } else {
    answered();
  }
  return response;
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The body of a successful answer.
 *
 * @throws Problem for every other answer, Unreachable where none came.
 */
export async function take<T>(call: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await call;
  if (!response.ok) {
    throw new Problem(response.status, error, retryAfterSeconds(response.headers.get("Retry-After"), Date.now()));
  }
  return data as NonNullable<T>;
}

/** Like {@link take} for answers without a body. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  await take(call);
}
