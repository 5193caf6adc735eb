import { expect, it } from "vitest";
import { isProblem, Problem, retryAfterSeconds } from "./problem";

it("reads problem details and what is none", () => {
  const problem = new Problem(400, { type: "query-unreadable", title: "Nicht verstanden", detail: "", position: 8 });
  expect(problem.title).toBe("Nicht verstanden");
  expect(problem.detail).toBeUndefined();
  expect(problem.number("position")).toBe(8);
  expect(isProblem(problem, 400)).toBe(true);
  expect(isProblem(problem, 404)).toBe(false);
  expect(new Problem(502, "<html>").title).toBe("HTTP 502");
});

it("reads both forms of Retry-After", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(retryAfterSeconds("20", now)).toBe(20);
  expect(retryAfterSeconds("Sat, 21 Nov 2026 12:00:30 GMT", now)).toBe(30);
  expect(retryAfterSeconds(null, now)).toBeUndefined();
  expect(retryAfterSeconds("bald", now)).toBeUndefined();
});
